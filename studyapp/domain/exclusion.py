"""Who is left out of the analysis, by rules that are set before launch. Raw answers are kept whatever the verdict.

A rule decides about the analysis and about nothing else: nobody's pay hangs on it. Each that is broken is recorded with
the facts that led to it, beside the bound that they were held against.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any

from studyapp.domain.attention import AttentionRecord
from studyapp.domain.judgment import Judgment

LEAST_ANSWERS = 4  # below it, the same answer throughout says nothing
NONE_ASKED = AttentionRecord(asked=0, failed=0)
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Bounds:
    """[exclusion]: what the declared rules hold facts against.

    `attention_failed`: that many failed checks. `too_fast_seconds`: a median time a text below it (0: not looked at);
    `too_fast_wpm` and `too_fast_share`: more than that share of texts answered sooner than their words can be read at
    that speed (0: not looked at). `same_answer_run`: that many equal answers in a row (0: all of them).
    `incomplete_share`: fewer than that share of the texts answered. `dont_know_share`: more than that share of
    answers "I don't know".
    """

    attention_failed: int = 2
    too_fast_seconds: float = 0.0
    too_fast_wpm: int = 1000
    too_fast_share: float = 0.5
    same_answer_run: int = 0
    incomplete_share: float = 1.0
    dont_know_share: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.attention_failed <= 100:
            raise ValueError("attention_failed: must be from 1 to 100")
        if not 0 <= self.too_fast_seconds <= 3600:
            raise ValueError("too_fast_seconds: must be from 0 (not looked at) to 3600")
        if self.too_fast_wpm and not 100 <= self.too_fast_wpm <= 10_000:
            raise ValueError("too_fast_wpm: must be 0 (not looked at), or from 100 to 10000 words a minute")
        if self.same_answer_run and not LEAST_ANSWERS <= self.same_answer_run <= 10_000:
            raise ValueError(f"same_answer_run: must be 0 (all answers), or at least {LEAST_ANSWERS}")
        for name in ("too_fast_share", "dont_know_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: must be from 0 to less than 1; more than this share breaks the rule")
        if not 0 < self.incomplete_share <= 1:
            raise ValueError("incomplete_share: must be more than 0, and 1 at the most")


@dataclass(frozen=True)
class TextFacts:
    """One text of a participant: what they chose (1–5, as the page numbers it; None: unanswered) and how fast."""

    answer: int | None
    words: int
    seconds: float | None = None


@dataclass(frozen=True)
class ParticipantFacts:
    """What the rules may look at, all of it stored when it was known. `texts` are in the order of the pages."""

    internet_check_answer: str
    internet_check_solutions: tuple[str, ...]
    looked_up: bool | None
    comprehension_passed: bool | None = None  # None: not asked
    comprehension_tries: int = 0
    attention: AttentionRecord = NONE_ASKED
    texts: tuple[TextFacts, ...] = ()

    @property
    def answers(self) -> list[int]:
        return [text.answer for text in self.texts if text.answer is not None]


@dataclass(frozen=True)
class Verdict:
    """`reasons` are the names of the rules that were broken, as they were declared; `facts`: what led to each."""

    reasons: tuple[str, ...]
    facts: Mapping[str, Facts]

    @property
    def excluded(self) -> bool:
        return bool(self.reasons)


def _fold(answer: str) -> str:
    return re.sub(r"[\W_]+", "", answer).casefold()


def _check_internet(facts: ParticipantFacts, bounds: Bounds) -> Facts | None:
    """Right where only somebody who looked it up would be right: the published study's one exclusion."""
    answer = _fold(facts.internet_check_answer)
    solutions = [solution for solution in facts.internet_check_solutions if answer and _fold(solution) == answer]
    return {"answered_as": solutions[0]} if solutions else None


def _check_looked_up(facts: ParticipantFacts, bounds: Bounds) -> Facts | None:
    return {"looked_up": True} if facts.looked_up is True else None


def _check_comprehension(facts: ParticipantFacts, bounds: Bounds) -> Facts | None:
    """Left out of the analysis, and of nothing else: no platform lets it touch pay."""
    return {"tries": facts.comprehension_tries} if facts.comprehension_passed is False else None


def _check_attention(facts: ParticipantFacts, bounds: Bounds) -> Facts | None:
    own = facts.attention
    if own.failed < bounds.attention_failed:
        return None
    return {"failed": own.failed, "asked": own.asked, "fails_from": bounds.attention_failed}


def _check_speed(facts: ParticipantFacts, bounds: Bounds) -> Facts | None:
    """By the server's clock: the median of all texts, or how many were answered sooner than anybody can read them."""
    timed = [(text.words, text.seconds) for text in facts.texts if text.seconds is not None]
    if not timed:
        return None
    middle = median(seconds for _, seconds in timed)
    found: dict[str, Any] = {}
    if middle < bounds.too_fast_seconds:
        found |= {"median_seconds": round(middle, 3), "least_seconds": bounds.too_fast_seconds}
    if bounds.too_fast_wpm:
        share = sum(seconds < 60 * words / bounds.too_fast_wpm for words, seconds in timed) / len(timed)
        if share > bounds.too_fast_share:
            found |= {"share_too_fast": round(share, 4), "wpm": bounds.too_fast_wpm, "most": bounds.too_fast_share}
    return found or None


def _check_sameness(facts: ParticipantFacts, bounds: Bounds) -> Facts | None:
    answers = facts.answers
    bound = bounds.same_answer_run or max(LEAST_ANSWERS, len(answers))
    longest = max((len(list(run)) for _, run in groupby(answers)), default=0)
    return {"longest_run": longest, "answers": len(answers), "run": bound} if longest >= bound else None


def _check_completeness(facts: ParticipantFacts, bounds: Bounds) -> Facts | None:
    answered, texts = len(facts.answers), len(facts.texts)
    is_short = answered < bounds.incomplete_share * texts
    return {"answered": answered, "texts": texts, "least_share": bounds.incomplete_share} if is_short else None


def _check_dont_know(facts: ParticipantFacts, bounds: Bounds) -> Facts | None:
    answers = facts.answers
    unsure = sum(answer == Judgment.DONT_KNOW for answer in answers)
    if unsure <= bounds.dont_know_share * len(answers):
        return None
    return {"dont_know": unsure, "answers": len(answers), "most_share": bounds.dont_know_share}


RULES: dict[str, Callable[[ParticipantFacts, Bounds], Facts | None]] = {
    "internet_check": _check_internet,
    "looked_up": _check_looked_up,
    "comprehension": _check_comprehension,
    "attention": _check_attention,
    "too_fast": _check_speed,
    "same_answer": _check_sameness,
    "incomplete": _check_completeness,
    "dont_know_share": _check_dont_know,
}
RULE_MEANINGS = {
    "internet_check": "answered the internet-check question as only somebody who looks things up would",
    "looked_up": "said that they looked something up",
    "comprehension": "did not answer the questions about the instructions in the tries that there are",
    "attention": "failed as many attention checks as the study says, or more",
    "too_fast": "answered faster than anybody reads",
    "same_answer": "gave the same answer again and again",
    "incomplete": "left before enough of the articles were answered",
    "dont_know_share": "answered “I don't know” more often than the study allows",
}
RULES_OF_LEAVERS = ("incomplete",)  # decided of those who leave; the others of those who complete


def decide_exclusion(*, rules: Sequence[str], facts: ParticipantFacts, bounds: Bounds | None = None) -> Verdict:
    """Apply the study's declared rules to one participant's facts.

    Raises:
        KeyError: a rule is not one of `RULES`; study files are checked against that table when they are loaded.
    """
    found = {name: RULES[name](facts, bounds or Bounds()) for name in rules}
    broken = {name: said for name, said in found.items() if said is not None}
    return Verdict(reasons=tuple(broken), facts=broken)
