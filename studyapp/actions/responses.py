"""Station 7: an answer is appended once; whatever comes twice finds the first one there."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import IntegrityError, transaction

from studyapp.domain.judgment import MAX_COMMENT, Judgment, bound_activity
from studyapp.models import Participant, Response, Trial


class AnswerOutcome(StrEnum):
    STORED = "stored"
    ALREADY_ANSWERED = "already answered"
    OUT_OF_TURN = "out of turn"


@dataclass(frozen=True)
class Answer:
    """What a participant says of one text; the last two come from the browser and are bounded before they are kept."""

    judgment: Judgment
    seen_before: bool | None
    comment: str
    active_seconds: str = ""
    focus_losses: str = ""


def show_trial(trial: Trial, *, now: datetime) -> None:
    """Keep when the server first sent a trial's page; later sights do not move it."""
    if trial.shown_at is None:
        Trial.objects.filter(pk=trial.pk, shown_at=None).update(shown_at=now)
    Participant.objects.filter(pk=trial.participant_id).update(last_seen_at=now)


def answer_trial(trial: Trial, answer: Answer, *, now: datetime) -> AnswerOutcome:
    """Append the answer to the participant's next open trial. Locks the participant.

    A second answer to a trial (double click, two tabs, back button) is not stored: the first one stands.
    """
    try:
        with transaction.atomic():
            Participant.objects.select_for_update().get(pk=trial.participant_id)
            if trial != Trial.objects.filter(participant_id=trial.participant_id).still_open().first():
                is_answered = Response.objects.filter(trial=trial).exists()
                return AnswerOutcome.ALREADY_ANSWERED if is_answered else AnswerOutcome.OUT_OF_TURN
            _store(trial, answer, now=now)
            return AnswerOutcome.STORED
    except IntegrityError:  # another process stored one between the look and the write
        return AnswerOutcome.ALREADY_ANSWERED


def _store(trial: Trial, answer: Answer, *, now: datetime) -> None:
    elapsed = (now - trial.shown_at).total_seconds() if trial.shown_at else 0.0
    activity = bound_activity(active_seconds=answer.active_seconds, focus_losses=answer.focus_losses, elapsed=elapsed)
    Response.objects.create(
        trial=trial,
        judgment=int(answer.judgment),
        seen_before=answer.seen_before,
        comment=answer.comment[:MAX_COMMENT],
        answered_at=now,
        active_seconds=activity.active_seconds,
        focus_losses=activity.focus_losses,
    )
    Participant.objects.filter(pk=trial.participant_id).update(last_seen_at=now)
