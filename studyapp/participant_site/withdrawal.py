"""Stopping, and having one's answers deleted: asked on one page, done by its button."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from studyapp.actions import participation
from studyapp.domain.progress import Step
from studyapp.domain.withdrawal import WithdrawalTime
from studyapp.models import Participant, Study
from studyapp.participant_site.clock import read_clock
from studyapp.participant_site.endings import find_ending
from studyapp.participant_site.visitor import on_step
from studyapp.recruitment import Ending

_STEPS = [step for step in Step if step not in (Step.CONSENT, Step.WITHDRAWN)]


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(*_STEPS)
def withdraw(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Ask, and say what it means; a post deletes. Past their last day they are told how to write to the researchers."""
    study, now = participant.study, read_clock(participant)
    if request.method == "POST":
        with suppress(participation.TooLateToWithdrawError):
            participation.withdraw(participant, now=now)
            return redirect("rater:continue", study.slug)
    context = describe_withdrawal(
        study,
        withdrawal=participation.find_time_to_withdraw(participant, now=now),
        ending=find_ending(participant),
        code=participant.code,
        is_at_work=participant.status == Participant.Status.ENROLLED,
    )
    return render(request, "participant_site/withdraw.html", context)


def describe_withdrawal(
    study: Study, *, withdrawal: WithdrawalTime, ending: Ending | None, code: str, is_at_work: bool
) -> dict[str, object]:
    """What the page shows; the preview shows the same. `ending` must be taken along before the answers go."""
    return {
        "study": study,
        "withdrawal": withdrawal,
        "ending": ending,
        "code": code,
        "is_at_work": is_at_work,
    }
