"""Participants against what guessing alone would give: how many lie beyond chance, and how many of guessers would.

Somebody who guesses k of n decided judgments right has k ~ Binomial(n, ½). A participant is *above* chance when
P(X ≥ k) ≤ 2.5 %, and *below* when P(X ≤ k) ≤ 2.5 %. As counts are whole, a guesser's own share of either is less than
2.5 %; it is worked out for every n and summed, which gives the number that guessing would put there. Whether more are
there than that is tested by the chance of at least so many, the Poisson-binomial distribution of those shares.
Assumes that a guesser's judgments are independent. Who always gives one answer is right in half of a balanced form and
varies less than that, so the test errs to the safe side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

TAIL = 0.025
Array = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Beyond:
    """How many lie in one tail, how many of guessers would, and the chance of at least so many of them."""

    observed: int
    expected: float
    p: float | None


@dataclass(frozen=True)
class ArmEnvelope:
    """One arm: participants with a decided judgment, those beyond chance, and those with less than half right."""

    arm: str
    participants: int
    above: Beyond
    below: Beyond
    under_half: int


def compare_with_guessing(decided: pl.DataFrame, *, arms: Sequence[str]) -> list[ArmEnvelope]:
    """Every arm. `decided` has participant, arm and correct (0 or 1), a judgment a row."""
    people = (
        decided.group_by("participant", "arm")
        .agg(pl.len().alias("judged"), pl.col("correct").sum().cast(pl.Int64).alias("right"))
        .sort("participant")
    )
    return [_compare(arm, people.filter(pl.col("arm") == arm)) for arm in arms]


def find_limits(judged: Counts) -> tuple[Counts, Counts]:
    """The most right answers that count as below chance (-1: none does), and the fewest that count as above."""
    low = stats.binom.ppf(TAIL, judged, 0.5).astype(np.int64)
    low = np.where(stats.binom.cdf(low, judged, 0.5) > TAIL * (1 + 1e-12), low - 1, low)
    return low, judged - low


def place_people(judged: Counts, right: Counts) -> NDArray[np.int64]:
    """-1 below chance, 1 above, 0 within."""
    low, high = find_limits(judged)
    result: NDArray[np.int64] = (right >= high).astype(np.int64) - (right <= low).astype(np.int64)
    return result


def _compare(arm: str, people: pl.DataFrame) -> ArmEnvelope:
    judged, right = (people[name].to_numpy().astype(np.int64) for name in ("judged", "right"))
    places = place_people(judged, right)
    low, _ = find_limits(judged)
    shares = stats.binom.cdf(low, judged, 0.5)  # the same in both tails
    above, below = int((places == 1).sum()), int((places == -1).sum())
    return ArmEnvelope(
        arm=arm,
        participants=len(judged),
        above=Beyond(above, float(shares.sum()), _exceed(shares, above)),
        below=Beyond(below, float(shares.sum()), _exceed(shares, below)),
        under_half=int((2 * right < judged).sum()),
    )


def _exceed(shares: Array, observed: int) -> float | None:
    """P(at least `observed` of independent events with these shares)."""
    if not shares.any():
        return None
    chances = np.zeros(observed + 1)  # of 0 … observed - 1, and of all that is more
    chances[0] = 1.0
    for share in shares:
        reached = chances[-1] if observed else 1.0
        moved = chances * share
        chances = chances - moved
        chances[1:] += moved[:-1]
        chances[-1] = reached + (moved[-2] if observed else 0.0)
    return float(min(1.0, chances[-1]))
