"""The page on which a participant belongs. The server keeps the place; any other address leads here."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """A page of the rater's way, in its order (attention checks come between articles); named as its addresses are."""

    CONSENT = "consent"
    INSTRUCTIONS = "instructions"
    COMPREHENSION = "comprehension"
    FIRST_QUESTIONS = "first-questions"
    ATTENTION = "attention"
    ITEM = "item"
    MORE_QUESTIONS = "more-questions"
    QUESTIONS = "questions"
    DEBRIEFING = "debriefing"
    WITHDRAWN = "withdrawn"
    DROPPED_OUT = "dropped-out"
    SCREENED_OUT = "screened-out"


ENDS_WITHOUT_PAGE = (Step.WITHDRAWN, Step.DROPPED_OUT, Step.SCREENED_OUT)  # told where one goes on


@dataclass(frozen=True)
class Place:
    """What is stored of a participant's way so far."""

    status: str
    has_started: bool
    has_open_trial: bool
    awaits_comprehension: bool = False
    awaits_attention: bool = False
    awaits_first_questions: bool = False
    awaits_more_questions: bool = False


def find_step(place: Place | None) -> Step:
    """Where a visitor belongs: the consent page without a participation, else the first page not done yet."""
    if place is None:
        return Step.CONSENT
    if place.status == "withdrawn":
        return Step.WITHDRAWN
    if place.status == "dropped_out":
        return Step.DROPPED_OUT
    if place.status == "screened_out":
        return Step.SCREENED_OUT
    if place.status == "completed":
        return Step.DEBRIEFING
    if not place.has_started:
        return Step.INSTRUCTIONS
    if place.awaits_comprehension:
        return Step.COMPREHENSION
    if place.awaits_first_questions:
        return Step.FIRST_QUESTIONS
    if place.awaits_attention:
        return Step.ATTENTION
    if place.has_open_trial:
        return Step.ITEM
    return Step.MORE_QUESTIONS if place.awaits_more_questions else Step.QUESTIONS
