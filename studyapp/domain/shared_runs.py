"""Which words of a text stand word for word in another: marked for a reviewer's eye, as `generator.overlap` counts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from studyapp.domain.article_text import split_paragraphs

LEAST_RUN = 8  # words: a shorter run is how news is written, a longer one is seldom chance (docs/fitness.md)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Piece:
    """A stretch of a paragraph: all of it shared with the other text, or none."""

    text: str
    is_shared: bool


@dataclass(frozen=True)
class MarkedText:
    """A text's paragraphs in pieces, and how many of its words are shared, in how long a run at the most."""

    paragraphs: tuple[tuple[Piece, ...], ...]
    words: int
    shared_words: int
    longest_run: int

    @property
    def shared_share(self) -> float:
        return self.shared_words / self.words if self.words else 0.0


def describe_run(words: int) -> str:
    """How long a shared run is, for people; one that is too short to be looked for was counted as 0."""
    if not words:
        return f"fewer than {LEAST_RUN} words"
    return "1 word" if words == 1 else f"{words} words"


def mark_shared_runs(text: str, other: str, *, least: int = LEAST_RUN) -> MarkedText:
    """The text with every run of `least` words or more marked that `other` holds too.

    Words are runs of letters and digits, case folded; a run may go over the end of a paragraph.
    """
    paragraphs = split_paragraphs(text)
    found = [list(_WORD.finditer(paragraph)) for paragraph in paragraphs]
    words = [match.group().casefold() for matches in found for match in matches]
    shared = _find_shared(words, [word.casefold() for word in _WORD.findall(other)], least=least)
    marked, start = [], 0
    for paragraph, matches in zip(paragraphs, found, strict=True):
        flags = shared[start : start + len(matches)]
        marked.append(_cut(paragraph, matches, flags))
        start += len(matches)
    return MarkedText(
        paragraphs=tuple(marked), words=len(words), shared_words=sum(shared), longest_run=_longest_run(shared)
    )


def _find_shared(words: Sequence[str], others: Sequence[str], *, least: int) -> list[bool]:
    theirs = {tuple(others[start : start + least]) for start in range(len(others) - least + 1)}
    shared = [False] * len(words)
    for start in range(len(words) - least + 1):
        if tuple(words[start : start + least]) in theirs:
            shared[start : start + least] = [True] * least
    return shared


def _longest_run(shared: Sequence[bool]) -> int:
    longest = run = 0
    for is_shared in shared:
        run = run + 1 if is_shared else 0
        longest = max(longest, run)
    return longest


def _cut(paragraph: str, matches: Sequence[re.Match[str]], flags: Sequence[bool]) -> tuple[Piece, ...]:
    """The paragraph cut where marked words begin and end; what stands between two marked words is marked with them."""
    pieces: list[Piece] = []
    place, index = 0, 0
    while index < len(matches):
        if not flags[index]:
            index += 1
            continue
        last = index
        while last + 1 < len(matches) and flags[last + 1]:
            last += 1
        if matches[index].start() > place:
            pieces.append(Piece(paragraph[place : matches[index].start()], is_shared=False))
        pieces.append(Piece(paragraph[matches[index].start() : matches[last].end()], is_shared=True))
        place, index = matches[last].end(), last + 1
    if place < len(paragraph):
        pieces.append(Piece(paragraph[place:], is_shared=False))
    return tuple(pieces)
