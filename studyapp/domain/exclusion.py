"""Who is left out of the analysis, by rules that are set before launch. Raw answers are kept whatever the verdict."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ParticipantFacts:
    """What the rules may look at, all of it stored when it was known."""

    internet_check_answer: str
    internet_check_solutions: tuple[str, ...]
    looked_up: bool | None
    comprehension_passed: bool | None = None  # None: not asked


@dataclass(frozen=True)
class Verdict:
    """`reasons` are the names of the rules that were broken, in the order in which they were declared."""

    reasons: tuple[str, ...]

    @property
    def excluded(self) -> bool:
        return bool(self.reasons)


def _fold(answer: str) -> str:
    return re.sub(r"[\W_]+", "", answer).casefold()


def _fails_internet_check(facts: ParticipantFacts) -> bool:
    """Right where only somebody who looked it up would be right: the published study's one exclusion."""
    answer = _fold(facts.internet_check_answer)
    return bool(answer) and answer in {_fold(solution) for solution in facts.internet_check_solutions}


def _looked_something_up(facts: ParticipantFacts) -> bool:
    return facts.looked_up is True


def _fails_comprehension(facts: ParticipantFacts) -> bool:
    """Left out of the analysis, and of nothing else: no platform lets it touch pay."""
    return facts.comprehension_passed is False


RULES: dict[str, Callable[[ParticipantFacts], bool]] = {
    "internet_check": _fails_internet_check,
    "looked_up": _looked_something_up,
    "comprehension": _fails_comprehension,
}
RULE_MEANINGS = {
    "internet_check": "answered the internet-check question as only somebody who looks things up would",
    "looked_up": "said that they looked something up",
    "comprehension": "did not answer the questions about the instructions in the tries that there are",
}


def decide_exclusion(*, rules: Sequence[str], facts: ParticipantFacts) -> Verdict:
    """Apply the study's declared rules to one participant's facts.

    Raises:
        KeyError: a rule is not one of `RULES`; study files are checked against that table when they are loaded.
    """
    return Verdict(reasons=tuple(name for name in rules if RULES[name](facts)))
