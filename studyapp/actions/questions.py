"""The study's own questions: which page comes next for somebody, and what they answered."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from studyapp.domain.questions import WHEN, Answer, QuestionPage, find_page
from studyapp.models import Participant, QuestionAnswer
from studyapp.models.participation import ParticipantStatus


def read_answers(participant: Participant) -> dict[str, Answer]:
    """What they have answered so far, by the question's name."""
    return dict(participant.question_answers.values_list("question", "answer"))


def find_next_page(participant: Participant, *, when: str) -> QuestionPage | None:
    """The questions that come next, before the articles or after them; None where none is left to ask."""
    questions = participant.study.own_questions
    if not any(question.when == when for question in questions):
        return None
    return find_page(questions, read_answers(participant), when=when)


def list_open_parts(participant: Participant) -> list[str]:
    """Of "before" and "after" (the articles), those in which something is still to be asked."""
    questions = participant.study.own_questions
    answers = read_answers(participant) if questions else {}
    return [when for when in WHEN if find_page(questions, answers, when=when)]


@transaction.atomic
def answer_questions(
    participant: Participant, answers: Mapping[str, Answer], *, when: str, page: int, now: datetime
) -> bool:
    """Store the answers to a page of questions. Locks the participant.

    False, and nothing stored, where that page is not the next one (any more): a double click, another tab or the back
    button change nothing, and the first answers stand.
    """
    participant = Participant.objects.select_for_update(of=("self",)).select_related("study").get(pk=participant.pk)
    asked = find_next_page(participant, when=when)
    if participant.status != ParticipantStatus.ENROLLED or asked is None or asked.number != page:
        return False
    QuestionAnswer.objects.bulk_create(
        QuestionAnswer(participant=participant, question=q.name, answer=answers.get(q.name), answered_at=now)
        for q in asked.questions
    )
    participant.last_seen_at = now
    participant.save(update_fields=["last_seen_at"])
    return True
