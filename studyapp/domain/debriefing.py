"""What a participant is told after the last answer: the study's settings for it, and their own score."""

from collections.abc import Iterable
from dataclasses import dataclass

from studyapp.domain.counterbalancing import Source
from studyapp.domain.judgment import Judgment

MOST_DAYS = 3650


@dataclass(frozen=True)
class Debriefing:
    """[debriefing]: the own score, whether answers may be kept is asked again, and how long they can be withdrawn.

    `withdrawal_days` count from the day on which a participation ends; without them there is no last day.
    """

    show_score: bool = False
    ask_again: bool = False
    withdrawal_days: int | None = None

    def __post_init__(self) -> None:
        if self.withdrawal_days is not None and not 0 <= self.withdrawal_days <= MOST_DAYS:
            raise ValueError(f"withdrawal_days: must be from 0 (the day on which they end) to {MOST_DAYS}")


@dataclass(frozen=True)
class Score:
    """Of the answers that say who wrote a text, how many were right; and how many said that they did not know."""

    right: int
    told: int
    unsure: int


def count_score(answers: Iterable[tuple[Source, int]]) -> Score:
    """The score of one participant, from the source of each text and the judgment of it."""
    known = [(source, Judgment(judgment)) for source, judgment in answers]
    told = [(source, judgment) for source, judgment in known if judgment != Judgment.DONT_KNOW]
    right = sum((judgment > Judgment.DONT_KNOW) == (source == "model") for source, judgment in told)
    return Score(right=right, told=len(told), unsure=len(known) - len(told))
