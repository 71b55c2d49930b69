"""An article shown in stages: where it is cut, and how much of it may be sent at a moment (PROTOCOL §2).

A stage is named by the place in the text at which it ends, so that what has been shown is always a beginning of the
exact text, and the last stage shows it whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from studyapp.domain.article_text import count_words

_PARAGRAPH_END = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"""[.!?…。！？]["'”’)\]]*(\s+)(?=[^\sa-z])""")
_ABBREVIATION = re.compile(r"(?:^|[\s(\"'])(?:[A-Z][a-z]{0,2}|(?:[A-Za-z]\.)+[A-Za-z])\.$")  # Mr. Dr. U.S. a.m.


@dataclass(frozen=True)
class Reveal:
    """How much of a text a participant may see. `seconds_left`: until the next stage may be shown, 0 when it may."""

    n_stages: int
    n_shown: int
    seconds_left: float

    @property
    def is_whole(self) -> bool:
        return self.n_shown >= self.n_stages

    @property
    def may_go_on(self) -> bool:
        return not self.is_whole and self.seconds_left <= 0


def find_reveal(*, n_stages: int, shown_times: Sequence[datetime], wait_seconds: float, now: datetime) -> Reveal:
    """How far a text is revealed: `shown_times` is when each of its stages was first shown, from the first on.

    The next stage may be shown `wait_seconds` after the last of them. A text that was never shown has its first stage
    to begin with, and the wait before it. Where the clock was set back since, nobody is held.
    """
    n_shown = min(max(1, len(shown_times)), n_stages)
    if n_shown >= n_stages:
        return Reveal(n_stages=n_stages, n_shown=n_shown, seconds_left=0.0)
    last = shown_times[-1] if shown_times else now
    left = (last + timedelta(seconds=wait_seconds) - now).total_seconds() if last <= now else 0.0
    return Reveal(n_stages=n_stages, n_shown=n_shown, seconds_left=max(0.0, left))


@lru_cache(maxsize=1024)  # a text is asked for at every sight of it
def cut_stages(text: str, *, n_stages: int) -> tuple[int, ...]:
    """Where each stage of a text ends, as a place in it: at most `n_stages`, of words as equal as the text allows.

    Cuts fall between paragraphs; in a text of fewer paragraphs than stages, between sentences. A text of fewer
    sentences than stages has as many stages as sentences.
    """
    starts = [0, *(match.end() for match in _PARAGRAPH_END.finditer(text))]
    if len(starts) < n_stages:
        starts = sorted({*starts, *_find_sentence_starts(text)})
    starts = [start for start in starts if start == 0 or text[start:].strip()]
    ends = [*starts[1:], len(text)]
    words = [count_words(text[start:end]) for start, end in zip(starts, ends, strict=True)]
    return tuple(ends[last] for last in _choose_cuts(words, n_parts=min(n_stages, len(words))))


def _find_sentence_starts(text: str) -> list[int]:
    return [
        match.end()
        for match in _SENTENCE_END.finditer(text)
        if not _ABBREVIATION.search(text, max(0, match.start(1) - 12), match.start(1))
    ]


def _choose_cuts(words: Sequence[int], *, n_parts: int) -> list[int]:
    """The last unit of each of `n_parts` runs of units, the sum of whose squared word counts is least.

    By dynamic programming: the best cut of the first i units into k runs is made of that of fewer units into k - 1.
    """
    until = [0]
    for count in words:
        until.append(until[-1] + count)
    # best[k][i]: least cost of the first i units in k + 1 runs, and where the last of these begins
    best = [[(float(until[i] ** 2), 0) for i in range(len(until))]]
    for k in range(1, n_parts):
        row = [(float("inf"), 0)] * len(until)
        for i in range(k + 1, len(until)):
            row[i] = min((best[k - 1][j][0] + (until[i] - until[j]) ** 2, j) for j in range(k, i))
        best.append(row)
    cuts, i = [], len(words)
    for k in reversed(range(n_parts)):
        cuts.append(i - 1)
        i = best[k][i][1]
    return cuts[::-1]
