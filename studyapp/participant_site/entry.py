"""The door: who comes, whether they agree, and the cookie by which they are known afterwards."""

import random
from contextlib import suppress
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from studyapp.actions import participation
from studyapp.actions.signed_entries import ReplayedLinkError
from studyapp.domain.judgment import LABELS
from studyapp.models import Participant, Study
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
from studyapp.participant_site.visitor import find_participant, find_study, locate, redirect_to, remember
from studyapp.recruitment import Arrival, Ending, EntryError, Outcome


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
    named = participation.find_by_arrival(study, platform=landing.adapter.name, arrival=landing.arrival)
    try:
        arrival = prove(request, study, landing)
        if named is not None:
            named.study = study
            participation.come_back(named, arrival, now=timezone.now())
    except (EntryError, ReplayedLinkError) as error:
        if own is not None and own == named:
            return Visit(landing, landing.arrival, own)
        raise error if isinstance(error, EntryError) else UnprovenError(str(error)) from None
    return Visit(landing, arrival, named)


@require_safe
def enter(request: HttpRequest, slug: str) -> HttpResponse:
    """The consent page, or the visitor's own place. Looking at it makes nobody: links are opened by scanners too."""
    study = find_study(request, slug)
    if request.method == "HEAD":
        return HttpResponse()
    try:
        visit = _welcome(request, study)
    except EntryError as error:
        return _refuse(request, study, error)
    if visit.participant is not None:
        participant = visit.participant
        participant.study = study
        response = remember(redirect_to(study, participant, locate(participant)), participant)
        return keep_seal(request, response, study, visit.arrival.seal)
    landing = visit.landing
    assert landing is not None  # noqa: S101 - without a landing there is a participant
    if study.state == Study.State.CLOSED and not visit.arrival.is_preview:
        ending = landing.adapter.end(Outcome.QUOTA_FULL, visit.arrival)
        message = _("It takes no participants any more.")
        return _say(request, study, title=_("This study is over"), message=message, ending=ending)
    context = {
        "study": study,
        "arrival": sign_arrival(study, landing, visit.arrival),
        "is_preview": visit.arrival.is_preview,
    }
    response = render(request, "participant_site/consent.html", context)
    add_never_cache_headers(response)
    return keep_seal(request, response, study, visit.arrival.seal)


@require_POST
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Agreeing makes a participant, once for each arrival; declining stores nothing."""
    study = find_study(request, slug)
    landing = read_signed_arrival(study, request.POST.get("arrival", ""))
    agrees = request.POST.get("agree") == "yes"
    if landing is None:
        return redirect("rater:enter", slug) if agrees else _say_declined(request, study, None)
    adapter, arrival = landing.adapter, landing.arrival
    if arrival.is_preview:
        return _show_preview(request, study, agrees=agrees)
    if not agrees and participation.find_by_arrival(study, platform=adapter.name, arrival=arrival) is None:
        return _say_declined(request, study, adapter.end(Outcome.NO_CONSENT, arrival))
    try:
        participant = participation.enrol(
            study, platform=adapter.name, arrival=arrival, rng=random.SystemRandom(), now=timezone.now()
        )
    except participation.EnrolmentRefusedError as error:
        ending = adapter.end(Outcome.QUOTA_FULL, arrival)
        return _say(request, study, title=_("No place is free"), message=str(error), ending=ending)
    except ReplayedLinkError as error:
        return _refuse(request, study, UnprovenError(str(error)))
    return remember(redirect_to(study, participant, locate(participant)), participant)


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
        participant.study = study
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


def _show_preview(request: HttpRequest, study: Study, *, agrees: bool) -> HttpResponse:
    """What a participant would come to, without an article: those are for participants alone."""
    context = {"study": study, "agrees": agrees, "labels": [_(label) for label in LABELS.values()]}
    return render(request, "participant_site/preview.html", context)


def _say_declined(request: HttpRequest, study: Study, ending: Ending | None) -> HttpResponse:
    message = _("You have not agreed, so nothing was stored. You can close this page. Thank you for looking.")
    if ending is not None and (ending.is_told or ending.hint):
        message = _("You have not agreed, so nothing was stored. Thank you for looking.")
    return _say(request, study, title=_("You are not taking part"), message=message, ending=ending)


def _refuse(request: HttpRequest, study: Study, error: EntryError) -> HttpResponse:
    status = getattr(error, "status", 400)
    response = _say(request, study, title=_("This link cannot be used"), message=str(error), status=status)
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
            find_study(request, match.kwargs["slug"])  # so that the page is seen in a platform's frame too
    return render(request, "participant_site/no_cookies.html", status=403)
