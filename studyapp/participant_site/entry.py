"""The door: who comes, whether they agree, and the cookie by which they are known afterwards."""

import random
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from studyapp.actions import participation
from studyapp.actions.person_keys import find_by_arrival
from studyapp.actions.rival_studies import took_part_in_rival
from studyapp.actions.signed_entries import ReplayedLinkError
from studyapp.actions.watching import tally_entry
from studyapp.domain.judgment import LABELS
from studyapp.models import Participant, Study
from studyapp.models.watching import EntryOutcome
from studyapp.participant_site.arrivals import (
    Landing,
    UnprovenError,
    keep_seal,
    prove,
    read_landing,
    read_signed_arrival,
    sign_arrival,
)
from studyapp.participant_site.endings import find_ending
from studyapp.participant_site.languages import read_choice, say_error, speak
from studyapp.participant_site.visitor import find_participant, find_study, join, locate, redirect_to, remember
from studyapp.passes import find_returning
from studyapp.recruitment import SIMULATED, Adapter, Arrival, Ending, EntryError, Outcome
from studyapp.web.rate_limits import find_address, rate_limits, tells_people_apart

REHEARSAL_NOTICE = gettext_lazy(
    "Thank you for coming. Here the researchers try their study out with simulated participants, so there is nothing "
    "to do for you, and nothing of you was stored. If somebody sent you this link, please tell them."
)


@dataclass(frozen=True)
class Visit:
    """Who stands at the door: a participant who is known, or an arrival that is new and proven."""

    landing: Landing | None
    arrival: Arrival
    participant: Participant | None


def _welcome(request: HttpRequest, study: Study) -> Visit:
    """Who has come. A browser that is known by its cookie goes on even by a link that has run out.

    Raises:
        EntryError: the link names nobody, or is not proven, and the browser is not known as whom it names.
    """
    own = find_participant(request, study)
    try:
        landing = read_landing(request, study)
    except EntryError:
        if own is None:
            raise
        return Visit(None, Arrival(), own)
    if landing.arrival.is_preview:
        return Visit(landing, landing.arrival, None)
    if not landing.arrival.external_id:
        return Visit(landing, landing.arrival, own)
    named = find_by_arrival(study, platform=landing.adapter.name, arrival=landing.arrival)
    try:
        arrival = prove(request, study, landing)
        if named is not None:
            join(study, named)
            participation.come_back(named, arrival, now=timezone.now())
    except (EntryError, ReplayedLinkError) as error:
        if own is not None and own == named:
            return Visit(landing, landing.arrival, own)
        raise error if isinstance(error, EntryError) else UnprovenError(error.args[0]) from None
    return Visit(landing, arrival, named)


@require_safe
def enter(request: HttpRequest, slug: str) -> HttpResponse:
    """The consent page, or the visitor's own place. Looking at it makes nobody a participant: scanners open links too.

    It is counted, as a number of the day, unless it is a HEAD request or the browser only fetches ahead.
    """
    study = find_study(request, slug)
    if request.method == "HEAD":
        return HttpResponse()
    try:
        visit = _welcome(request, study)
    except EntryError as error:
        _tally(request, study, EntryOutcome.BAD_LINK)
        return _refuse(request, study, error) if _may_enter(request) else _say_too_many(request, study)
    if study.is_rehearsal and (visit.landing is None or visit.landing.adapter is not SIMULATED):
        return _say(request, study, title=_("This is a rehearsal"), message=REHEARSAL_NOTICE)
    if visit.participant is not None:
        participant = join(study, visit.participant)
        response = remember(redirect_to(study, participant, locate(participant)), participant)
        return keep_seal(request, response, study, visit.arrival.seal)
    landing = visit.landing
    assert landing is not None  # noqa: S101 - without a landing there is a participant
    if study.state == Study.State.CLOSED and not visit.arrival.is_preview:
        ending = landing.adapter.end(Outcome.QUOTA_FULL, visit.arrival)
        message = _("It takes no participants any more.")
        return _say(request, study, title=_("This study is over"), message=message, ending=ending)
    if took_part_in_rival(study, platform=landing.adapter.name, arrival=visit.arrival):
        return _say_no_place(request, study, participation.TookPartBeforeError(), landing.adapter, visit.arrival)
    outcome = EntryOutcome.PREVIEW if visit.arrival.is_preview else EntryOutcome.OPENED
    _tally(request, study, outcome, platform=landing.adapter.name)
    response = _ask(request, study, landing, visit.arrival)
    return keep_seal(request, response, study, visit.arrival.seal)


def _ask(request: HttpRequest, study: Study, landing: Landing, arrival: Arrival) -> HttpResponse:
    """The consent page, in the language in which the study is read now.

    Each page carries an arrival, and each arrival is one participant at the most: so these are what is limited.
    """
    if not landing.is_proven and not _may_enter(request):
        return _say_too_many(request, study)
    signed = sign_arrival(study, landing, arrival)
    context = {"study": study, "arrival": signed, "is_preview": arrival.is_preview}
    response = render(request, "participant_site/consent.html", context)
    add_never_cache_headers(response)
    return response


def _may_enter(request: HttpRequest) -> bool:
    """Count a visitor who proves nothing, unless their network has sent too many of them."""
    if not tells_people_apart(request):
        return True
    return rate_limits.hit(settings.ENTRY_LIMIT, what="entry", whom=find_address(request))


def _say_too_many(request: HttpRequest, study: Study) -> HttpResponse:
    title = _("Please wait a little")
    message = _(
        "Very many people have come from your network within a short time. Please open your link again in ten minutes. "
        "Nothing is lost, and whoever has begun can go on."
    )
    response = _say(request, study, title=title, message=message, status=429)
    response["Retry-After"] = "600"
    return response


@require_POST
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Agreeing makes a participant, once for each arrival; declining stores nothing.

    The language of the text that was agreed to comes with the form. Choosing another one shows the page in it, from the
    signed arrival alone: the address, which a platform may have signed, stays as it is, and no cookie is needed.
    """
    study = find_study(request, slug)
    choice = read_choice(request.POST, study, key="read_in")
    if language := choice or read_choice(request.POST, study):
        speak(study, language)
    landing = read_signed_arrival(study, request.POST.get("arrival", ""))
    agrees = request.POST.get("agree") == "yes"
    if landing is None:
        if agrees or choice:
            return redirect("rater:enter", slug)
        _tally(request, study, EntryOutcome.DECLINED)
        return _say_declined(request, study, None)
    adapter, arrival = landing.adapter, landing.arrival
    if choice:
        return _ask(request, study, landing, arrival)
    if arrival.is_preview:
        return _show_preview(request, study, agrees=agrees)
    if not agrees and find_by_arrival(study, platform=adapter.name, arrival=arrival) is None:
        _tally(request, study, EntryOutcome.DECLINED, platform=adapter.name)
        return _say_declined(request, study, adapter.end(Outcome.NO_CONSENT, arrival))
    now = timezone.now()
    try:
        participant = participation.enrol(
            study,
            platform=adapter.name,
            arrival=arrival,
            rng=random.SystemRandom(),
            now=now,
            language=study.texts.language,
        )
    except participation.EnrolmentRefusedError as error:
        _tally(request, study, EntryOutcome.FULL, platform=adapter.name)
        return _say_no_place(request, study, error, adapter, arrival)
    except ReplayedLinkError as error:
        return _refuse(request, study, UnprovenError(error.args[0]))
    if participant.enrolled_at == now:  # else they were known, and came a second time
        _tally(request, study, EntryOutcome.ENROLLED, platform=adapter.name)
    return remember(redirect_to(study, participant, locate(participant)), participant)


def _tally(request: HttpRequest, study: Study, outcome: EntryOutcome, *, platform: str = "") -> None:
    """Count what became of an arrival, once for each request that a person can have made."""
    fetches_ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    if request.method != "HEAD" and not fetches_ahead:
        tally_entry(study, outcome, simulated=platform == "simulated", now=timezone.now())


@require_safe
def show_code(request: HttpRequest, slug: str) -> HttpResponse:
    """The lost code: who has ended sees their own end again, known by their cookie or by their link's parameters."""
    study = find_study(request, slug)
    if request.method == "HEAD":
        return HttpResponse()
    try:
        visit = _welcome(request, study)
        participant = visit.participant
    except EntryError as error:
        if request.GET:
            return _refuse(request, study, error)
        participant, visit = None, Visit(None, Arrival(), None)
    if participant is not None:
        join(study, participant)
    context = {
        "study": study,
        "is_known": participant is not None,
        "ending": find_ending(participant) if participant else None,
        "platform": study.adapter.title,
    }
    response = render(request, "participant_site/code.html", context)
    add_never_cache_headers(response)
    if participant is not None:
        remember(response, participant)
    return keep_seal(request, response, study, visit.arrival.seal)


@require_safe
def come_back(request: HttpRequest, slug: str, signed: str) -> HttpResponse:
    """To their own page by the link that the completion page shows; nothing more, since scanners open links too."""
    study = find_study(request, slug)
    participant = find_returning(study, signed=signed)
    if participant is None:
        message = _("This link is not one of ours, or was changed on its way. Please copy the whole link.")
        return _refuse(request, study, EntryError(message))
    participant.study = study
    response = redirect("rater:continue", slug)
    add_never_cache_headers(response)
    return remember(response, participant)


def _say_no_place(
    request: HttpRequest,
    study: Study,
    error: participation.EnrolmentRefusedError,
    adapter: Adapter,
    arrival: Arrival,
) -> HttpResponse:
    took_part = isinstance(error, participation.TookPartBeforeError)
    title = _("You took part before") if took_part else _("No place is free")
    ending = adapter.end(Outcome.SCREEN_OUT if took_part else Outcome.QUOTA_FULL, arrival)
    return _say(request, study, title=title, message=say_error(error), ending=ending)


def _show_preview(request: HttpRequest, study: Study, *, agrees: bool) -> HttpResponse:
    """What a participant would come to, without an article: those are for participants alone."""
    context = {"study": study, "agrees": agrees, "labels": [_(label) for label in LABELS.values()]}
    return render(request, "participant_site/preview.html", context)


def _say_declined(request: HttpRequest, study: Study, ending: Ending | None) -> HttpResponse:
    response = render(request, "participant_site/notice.html", describe_declined(study, ending))
    add_never_cache_headers(response)
    return response


def describe_declined(study: Study, ending: Ending | None) -> dict[str, object]:
    """What somebody is shown who does not agree; the preview shows the same."""
    message = _(
        "You have not agreed, so nothing was stored. If that was a mistake, go back to the page before. "
        "Otherwise you can close this page. Thank you for looking."
    )
    if ending is not None and (ending.is_told or ending.hint):
        message = _(
            "You have not agreed, so nothing was stored. If that was a mistake, go back to the page before. "
            "Thank you for looking."
        )
    return {"study": study, "title": _("You are not taking part"), "message": message, "ending": ending}


def _refuse(request: HttpRequest, study: Study, error: EntryError) -> HttpResponse:
    status = getattr(error, "status", 400)
    response = _say(request, study, title=_("This link cannot be used"), message=say_error(error), status=status)
    if status == 503:
        response["Retry-After"] = "60"
    return response


def _say(
    request: HttpRequest,
    study: Study,
    *,
    title: str,
    message: str,
    ending: Ending | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"study": study, "title": title, "message": message, "ending": ending}
    response = render(request, "participant_site/notice.html", context, status=status)
    add_never_cache_headers(response)
    return response


def refuse_forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """In place of Django's page for a missing CSRF cookie: nearly always a browser that keeps no cookies."""
    match = request.resolver_match
    if match is not None and match.namespace == "rater":
        with suppress(Http404):
            study = find_study(request, match.kwargs["slug"])  # so that the page is seen in a platform's frame too
            find_participant(request, study)  # and in their language
    context = {"study": getattr(request, "study", None)}
    return render(request, "participant_site/no_cookies.html", context, status=403)
