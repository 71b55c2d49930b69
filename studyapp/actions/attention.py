"""Attention checks on a participant's way: which is due, when it was shown, and what was answered, once each."""

from dataclasses import asdict, replace
from datetime import datetime

from django.db import transaction

from studyapp.domain.attention import GivenAnswer, find_due
from studyapp.models import Participant


def find_due_check(participant: Participant) -> int | None:
    """The number (from 1) of the check that comes before the next article; None: none does.

    Derived from what is answered, so that no page and no tab can lead past a check or back to one.
    """
    if not participant.study.attention:
        return None
    questions, given = participant.study.attention_questions, participant.attention_given
    if sum(own.answer is not None for own in given) >= len(questions):
        return None
    n_articles = participant.trials.count()
    next_open = participant.trials.still_open().values_list("position", flat=True).first()
    n_answered = n_articles if next_open is None else next_open - 1
    return find_due(questions, given, n_answered=n_answered, n_articles=n_articles)


@transaction.atomic
def show_check(participant: Participant, *, number: int, now: datetime) -> None:
    """Keep when the server first sent a check's page; later sights do not move it. Locks the participant then."""
    if len(participant.attention_answers) < number:
        participant = _lock(participant)
        if len(participant.attention_answers) == number - 1:
            _store(participant, [*participant.attention_given, GivenAnswer(shown_at=now.isoformat())], now=now)
            return
    Participant.objects.filter(pk=participant.pk).update(last_seen_at=now)


@transaction.atomic
def answer_check(participant: Participant, *, number: int, answer: int, now: datetime) -> bool:
    """Store the answer to the check that is due; False where it is another one, or answered already.

    Locks the participant, so that a double click and two tabs give one answer: the first.
    """
    participant = _lock(participant)
    given = participant.attention_given
    if participant.status != Participant.Status.ENROLLED or find_due_check(participant) != number:
        return False
    shown = given[number - 1] if len(given) == number else GivenAnswer(shown_at=now.isoformat())
    answered = replace(shown, answer=answer, answered_at=now.isoformat())
    _store(participant, [*given[: number - 1], answered], now=now)
    return True


def _lock(participant: Participant) -> Participant:
    return Participant.objects.select_for_update(of=("self",)).select_related("study").get(pk=participant.pk)


def _store(participant: Participant, given: list[GivenAnswer], *, now: datetime) -> None:
    participant.attention_answers = [asdict(own) for own in given]
    participant.last_seen_at = now
    participant.save(update_fields=["attention_answers", "last_seen_at"])
