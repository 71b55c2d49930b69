"""Which candidate is shown: the one whose length is closest to the human article's, by rule and never by eye."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CandidateLength:
    """All that the rule may know of a candidate: its index among the candidates of its job, and its words."""

    index: int
    words: int


@dataclass(frozen=True)
class Choice:
    """The chosen candidate and how many words it is away from the human article (signed: model - human)."""

    index: int
    difference: int


def choose_candidate(*, human_words: int, candidates: Sequence[CandidateLength]) -> Choice | None:
    """The candidate closest in words to the human article; the lowest index among equals; None without candidates."""
    if not candidates:
        return None
    chosen = min(candidates, key=lambda candidate: (abs(candidate.words - human_words), candidate.index))
    return Choice(index=chosen.index, difference=chosen.words - human_words)
