"""Who is looking: the participant that a browser's signed cookie names, and the page where they belong."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers

from studyapp.actions import participation
from studyapp.actions.attention import find_due_check
from studyapp.actions.participation import EndAnswers
from studyapp.domain.progress import ENDS_WITHOUT_PAGE, Step, find_step
from studyapp.models import Participant, Study
from studyapp.models.items import find_study_of_page
from studyapp.models.participation import find_participant_of_page
from studyapp.participant_site.clock import read_clock, set_clock
from studyapp.participant_site.languages import guess_language, speak

View = Callable[..., HttpResponse]


def find_study(request: HttpRequest, slug: str) -> Study:
    """The study of an address, unless it is a draft, which is nobody's business. The request keeps it.

    The page is in the language that the browser asks for, of those of the study, until a participant is found.
    """
    study = find_study_of_page.first(slug=slug)
    if study is None or study.is_draft:
        raise Http404("no such study")
    request.study = study
    speak(study, guess_language(request, study))
    return study


def _cookie_name(study: Study) -> str:
    return f"byline-{study.slug}"


def find_participant(request: HttpRequest, study: Study) -> Participant | None:
    """The participant whom the cookie names; a forged or foreign cookie is nobody's."""
    code = request.get_signed_cookie(_cookie_name(study), default=None, salt=study.slug)
    if code is None:
        return None
    participant = find_participant_of_page.first(study=study.pk, code=code)
    if participant is None:
        return None
    set_clock(request, participant)
    return join(study, participant)


def join(study: Study, participant: Participant) -> Participant:
    """The participant with this very object of their study, which is read in their language from now on."""
    participant.study = study
    speak(study, participant.language or study.language)
    return participant


def remember(response: HttpResponse, participant: Participant) -> HttpResponse:
    """Give the browser the cookie by which it is known again."""
    study = participant.study
    response.set_signed_cookie(
        _cookie_name(study),
        participant.code,
        salt=study.slug,
        max_age=settings.PARTICIPANT_COOKIE_DAYS * 24 * 3600,
        path=f"/s/{study.slug}/",
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )
    return response


def locate(participant: Participant) -> Step:
    """The page where the participant belongs; somebody who had dropped out is let in again if there is room.

    Where the study asks nothing at the end, whoever would come to its last questions has completed.
    """
    if participant.status == Participant.Status.DROPPED_OUT:
        participant = participation.resume(participant, now=read_clock(participant))
    step = find_step(participation.describe_place(participant))
    if step is Step.QUESTIONS and not participant.study.asks_at_end:
        nothing = EndAnswers(looked_up=None, internet_check_answer="")
        participation.complete(participant, nothing, now=read_clock(participant))
        participant.refresh_from_db(fields=["status", "completed_at", "excluded", "exclusion_reasons"])
        step = Step.DEBRIEFING
    return step


def redirect_to(study: Study, participant: Participant, step: Step) -> HttpResponse:
    """To the page of a step; the item step is the page of the next open trial, the attention step the check's."""
    if step is Step.ITEM:
        if participant.next_trial is None:  # a second click has answered the last one since the step was found
            return redirect("rater:continue", study.slug)
        return redirect("rater:item", study.slug, participant.next_trial.code)
    if step is Step.ATTENTION:
        number = find_due_check(participant)
        if number is None:  # as above
            return redirect("rater:continue", study.slug)
        return redirect("rater:attention", study.slug, number)
    if step in ENDS_WITHOUT_PAGE:
        return redirect("rater:continue", study.slug)
    return redirect(f"rater:{step}", study.slug)


def _name_the_next_page(view: View) -> View:
    """For sending.js: the address of the next page in place of a redirect, so that the browser itself goes there."""

    @wraps(view)
    def answered(request: HttpRequest, slug: str, **arguments: str) -> HttpResponse:
        response = view(request, slug, **arguments)
        if isinstance(response, HttpResponseRedirect) and request.headers.get("Accept") == "application/json":
            response = JsonResponse({"next": response.url})
            add_never_cache_headers(response)
        return response

    return answered


def on_step(*steps: Step) -> Callable[[View], View]:
    """Let a view be seen by participants who belong on one of its steps; everybody else is led to their own page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, **arguments: str | int) -> HttpResponse:
            study = find_study(request, slug)
            participant = find_participant(request, study)
            if participant is None:
                return redirect("rater:enter", slug)
            step = locate(participant)
            if step not in steps:
                return redirect_to(study, participant, step)
            response = view(request, participant, **arguments)
            add_never_cache_headers(response)
            return response

        return _name_the_next_page(guarded)

    return decorate
