"""Station 7: an answer is appended once; whatever comes twice finds the first one there."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import IntegrityError, transaction

from studyapp.domain.behaviour import Behaviour, read_behaviour
from studyapp.domain.judgment import MAX_COMMENT, Judgment
from studyapp.domain.reading_time import find_seconds_left
from studyapp.domain.reveal import Reveal, cut_stages, find_reveal
from studyapp.models import Response, Study, Trial
from studyapp.models.participation import keep_first_sight, keep_last_sight

SEEN_AGAIN_AFTER = timedelta(seconds=30)  # an answer has just said that they are there: a second write says no more


class AnswerOutcome(StrEnum):
    STORED = "stored"
    ALREADY_ANSWERED = "already answered"
    OUT_OF_TURN = "out of turn"
    TOO_EARLY = "too early"  # the text is not all there
    TOO_SOON = "too soon"  # it has been there for less than the study's least reading time


@dataclass(frozen=True)
class Answer:
    """What a participant says of one text; `behaviour` is what their browser measured, which may be anything."""

    judgment: Judgment
    seen_before: bool | None
    comment: str
    behaviour: str = ""


def show_trial(trial: Trial, *, now: datetime) -> None:
    """Keep when the server first sent a trial's page; later sights do not move it."""
    if trial.shown_at is None:
        keep_first_sight(trial=trial.pk, now=now)
        trial.shown_at = now
    if now - trial.participant.last_seen_at > SEEN_AGAIN_AFTER:
        keep_last_sight(participant=trial.participant_id, now=now)


def measure_reveal(trial: Trial, study: Study, *, now: datetime) -> Reveal:
    """How much of a trial's text may be sent now, by the server's clock."""
    if study.reveal_stages == 1:
        return Reveal(n_stages=1, n_shown=1, seconds_left=0.0)
    return find_reveal(
        n_stages=len(cut_stages(trial.stimulus.text, n_stages=study.reveal_stages)),
        shown_times=trial.shown_times,
        wait_seconds=study.reveal_seconds,
        now=now,
    )


def measure_pace(trial: Trial, study: Study, *, now: datetime) -> float:
    """The seconds until an answer to a trial is taken, by the server's clock and the study's least reading time."""
    if not study.pace.is_set:
        return 0.0
    words = sum(text.words for text in trial.texts)
    return find_seconds_left(least=study.pace.find_least(words), shown_at=trial.shown_at, now=now)


@transaction.atomic
def reveal_stage(trial: Trial, *, wanted: int, now: datetime) -> Reveal:
    """Show the stage of that number (from 1) of a text if its time has come; what may be seen afterwards.

    Locks the participant. One that is shown already is left as it is, so that a click too many costs nothing.
    """
    study = trial.participant.study
    _lock_participant(trial, now=now)
    trial = Trial.objects.select_related("stimulus").get(pk=trial.pk)
    before = measure_reveal(trial, study, now=now)
    if not before.may_go_on or wanted <= before.n_shown or trial.shown_at is None:
        return before
    trial.stages_shown_at = [*trial.stages_shown_at, now.isoformat()]
    trial.save(update_fields=["stages_shown_at"])
    return measure_reveal(trial, study, now=now)


def answer_trial(trial: Trial, answer: Answer, *, now: datetime) -> AnswerOutcome:
    """Append the answer to the participant's next open trial. Locks the participant.

    A second answer to a trial (double click, two tabs, back button) is not stored: the first one stands. Nor is an
    answer to a text that has not been shown whole, or not for the study's least reading time. Afterwards the
    participant knows the trial that follows.
    """
    participant = trial.participant
    participant.forget_next_trial()
    try:
        with transaction.atomic():
            _lock_participant(trial, now=now)
            next_open, following = participant.find_two_open()
            if trial != next_open:
                is_answered = Response.objects.filter(trial=trial).exists()
                return AnswerOutcome.ALREADY_ANSWERED if is_answered else AnswerOutcome.OUT_OF_TURN
            if not measure_reveal(next_open, participant.study, now=now).is_whole:
                return AnswerOutcome.TOO_EARLY
            if measure_pace(next_open, participant.study, now=now) > 0:
                return AnswerOutcome.TOO_SOON
            _store(trial, answer, measures_behaviour=participant.study.measures_behaviour, now=now)
            participant.next_trial = following
            return AnswerOutcome.STORED
    except IntegrityError:  # another process stored one between the look and the write
        return AnswerOutcome.ALREADY_ANSWERED


def _lock_participant(trial: Trial, *, now: datetime) -> None:
    """Hold the participant's row till the transaction ends, by writing that they are there."""
    keep_last_sight(participant=trial.participant_id, now=now)


def _store(trial: Trial, answer: Answer, *, measures_behaviour: bool, now: datetime) -> None:
    elapsed = (now - trial.shown_at).total_seconds() if trial.shown_at else 0.0
    behaviour = read_behaviour(answer.behaviour, elapsed=elapsed) if measures_behaviour else Behaviour()
    Response.objects.create(
        trial=trial,
        judgment=int(answer.judgment),
        seen_before=answer.seen_before,
        comment=answer.comment[:MAX_COMMENT],
        answered_at=now,
        **asdict(behaviour),
    )
