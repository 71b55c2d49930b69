"""Whether a printed t, df and p can belong together (statcheck: Nuijten et al. 2016).

A printed number stands for every number that rounds to it. The p of a t between its ends must meet what the printed p
stands for. For numbers in full p must be that of t.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from scipy import stats

from analysis import wording


@dataclass(frozen=True)
class Ends:
    """Between which numbers a printed one lies."""

    low: float
    high: float

    def meets(self, other: "Ends") -> bool:
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True)
class PrintedTest:
    """One test of the results, where it stands, and whether its numbers belong together."""

    place: str
    t: float
    df: float
    p: float
    is_consistent: bool


def read_ends(text: str) -> Ends:
    """What a printed number stands for: half a unit of its last digit to either side."""
    plain = text.replace(wording.MINUS, "-")
    match = re.fullmatch(r"(-?\d+)(?:\.(\d+))?(?:e([+-]?\d+))?", plain)
    if match is None:
        raise ValueError(f"{text!r} is no number")
    half = 0.5 * 10.0 ** (int(match[3] or 0) - len(match[2] or ""))
    value = float(plain)
    slack = 1e-9 * half
    return Ends(value - half - slack, value + half + slack)


def bound_p(t: str, df: float) -> Ends:
    """The two-sided p that a printed t can have."""
    ends = read_ends(t)
    nearest = 0.0 if ends.low <= 0 <= ends.high else min(abs(ends.low), abs(ends.high))
    furthest = max(abs(ends.low), abs(ends.high))
    return Ends(2 * float(stats.t.sf(furthest, df)), 2 * float(stats.t.sf(nearest, df)))


def belongs_together(t: str, df: float, p: str) -> bool:
    """Whether a printed t with df can have the printed, two-sided p."""
    return bound_p(t, df).meets(read_ends(p))


def list_tests(results: Any, *, place: str = "", df: Any = None) -> Iterator[PrintedTest]:
    """Every t with a p in results, with the df beside it or above it; what has a `bound` is one-sided. What is
    text, unknown or not finite is left out."""
    if isinstance(results, Mapping):
        df = results.get("df", df)
        t: Any = results.get("t")
        p: Any = results.get("p")
        if all(isinstance(number, float | int) and isfinite(number) for number in (t, df, p)):
            yield PrintedTest(place, t, df, p, _is_consistent(t, df, p, is_one_sided="bound" in results))
        parts = list(results.items())
    elif isinstance(results, list | tuple):
        parts = list(enumerate(results))
    else:
        return
    for key, part in parts:
        yield from list_tests(part, place=f"{place}.{key}" if place else str(key), df=df)


def _is_consistent(t: float, df: float, p: float, *, is_one_sided: bool) -> bool:
    above = float(stats.t.sf(t, df))
    if is_one_sided:
        return any(_agrees(p, expected) for expected in (above, float(stats.t.cdf(t, df))))
    if not _agrees(p, 2 * float(stats.t.sf(abs(t), df))):
        return False
    return belongs_together(wording.number(t, 2), df, wording.p_value(p))


def _agrees(p: float, expected: float) -> bool:
    return abs(expected - p) <= 1e-9 * max(expected, 1e-300)
