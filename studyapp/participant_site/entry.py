"""The door: who comes, whether they agree, and the cookie by which they are known afterwards."""

import random
import secrets

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from studyapp.actions import participation
from studyapp.models import Study
from studyapp.participant_site.visitor import find_participant, find_study, locate, redirect_to, remember
from studyapp.recruitment import PLATFORMS, Arrival, EntryError

ARRIVAL_SALT = "byline.arrival"
ARRIVAL_HOURS = 24
REHEARSAL_NOTICE = gettext_lazy(
    "Thank you for coming. Here the researchers try their study out with simulated participants, so there is nothing "
    "to do for you, and nothing of you was stored. If somebody sent you this link, please tell them."
)


def pass_signer(study: Study) -> signing.Signer:
    """Signs the passes of simulated participants; only the server can make one."""
    return signing.TimestampSigner(salt=f"simulated:{study.slug}")


@require_safe
def enter(request: HttpRequest, slug: str) -> HttpResponse:
    """The consent page, or the visitor's own place. Looking at it stores nothing: links are opened by scanners too."""
    study = find_study(slug)
    try:
        platform, arrival = _read_arrival(request, study)
    except EntryError as error:
        return _say(request, study, title=_("This link cannot be used"), message=str(error), status=400)
    if study.is_rehearsal and platform != "simulated":
        return _say(request, study, title=_("This is a rehearsal"), message=REHEARSAL_NOTICE)
    known = participation.find_by_arrival(study, platform=platform, arrival=arrival)
    participant = known or find_participant(request, study)
    if participant is not None:
        participant.study = study
        return remember(redirect_to(study, participant, locate(participant)), participant)
    if study.state == Study.State.CLOSED:
        return _say(request, study, title=_("This study is over"), message=_("It takes no participants any more."))
    token = signing.dumps(
        [platform, arrival.external_id, arrival.session_id, secrets.token_hex(12), arrival.is_preview],
        salt=ARRIVAL_SALT,
    )
    response = render(request, "participant_site/consent.html", {"study": study, "arrival": token})
    add_never_cache_headers(response)
    return response


@require_POST
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Agreeing makes a participant, once for each arrival; declining stores nothing."""
    study = find_study(slug)
    if request.POST.get("agree") != "yes":
        message = _("You have not agreed, so nothing was stored. You can close this page. Thank you for looking.")
        return _say(request, study, title=_("You are not taking part"), message=message)
    try:
        platform, external_id, session_id, nonce, is_preview = signing.loads(
            request.POST.get("arrival", ""), salt=ARRIVAL_SALT, max_age=ARRIVAL_HOURS * 3600
        )
    except signing.BadSignature:
        return redirect("rater:enter", slug)
    if is_preview:
        message = _("This is a preview of the study. Nothing is stored, and the articles are not shown.")
        return _say(request, study, title=_("Preview"), message=message)
    arrival = Arrival(external_id=external_id, session_id=session_id, nonce="" if external_id else nonce)
    try:
        participant = participation.enrol(
            study, platform=platform, arrival=arrival, rng=random.SystemRandom(), now=timezone.now()
        )
    except participation.EnrolmentRefusedError as error:
        return _say(request, study, title=_("No place is free"), message=str(error))
    return remember(redirect_to(study, participant, locate(participant)), participant)


def _read_arrival(request: HttpRequest, study: Study) -> tuple[str, Arrival]:
    parameters = request.GET.dict()
    if "simulated" not in parameters:
        return study.platform, PLATFORMS[study.platform].read_arrival(parameters)
    try:
        parameters["simulated"] = pass_signer(study).unsign(parameters["simulated"])
    except signing.BadSignature:
        raise EntryError(_("This pass for a simulated participant is not ours.")) from None
    return "simulated", PLATFORMS["simulated"].read_arrival(parameters)


def _say(request: HttpRequest, study: Study, *, title: str, message: str, status: int = 200) -> HttpResponse:
    context = {"study": study, "title": title, "message": message}
    return render(request, "participant_site/notice.html", context, status=status)


def refuse_forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """In place of Django's page for a missing CSRF cookie: nearly always a browser that keeps no cookies."""
    return render(request, "participant_site/no_cookies.html", status=403)
