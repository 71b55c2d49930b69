"""Weighted sums of arms' accuracies with their errors: an arm against 50 %, the control less an arm, a slope over size.

An arm's accuracy is the mean over its participants of their mean score. For Σ c_a·accuracy_a the two-way variance is
that of `two_way`, with the sums over a title taken across arms, since all arms share the titles: a hard title lowers
both sides of a difference. By participants alone it is s² Σ c_a²/n_a, s² pooled over the arms with a weight, on
Σ (n_a - 1) degrees of freedom (two arms: Student's t). The slope of accuracy on log10 size through the arms' means,
each counting alike, has c_a = (x_a - x̄) / Σ (x - x̄)².
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log10

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from analysis.estimate import Estimate, estimate_normal
from analysis.levels import number_levels

Array = NDArray[np.float64]
CHANCE = 0.5


@dataclass(frozen=True)
class Tested:
    """A weighted sum, its standard error, and its t test against 0; None where there is nothing to test with."""

    estimate: Estimate
    df: int | None = None
    t: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class ArmSums:
    """What every weighted sum needs, by arm (A) and title (T): sums of w (score - mean) squared, and by title."""

    arms: tuple[str, ...]
    means: Array
    people: Array
    squares: Array  # within the arm, of participants' means about their mean
    own: Array
    single: Array
    judgments: Array
    titled: Array  # A x T
    title_counts: Array  # A x T, judgments

    def place(self, arm: str) -> int:
        return self.arms.index(arm)


def sum_arms(scored: pl.DataFrame) -> ArmSums:
    """`scored` has participant, arm, title and score (0 to 1), a judgment a row; arms without any are left out."""
    arm_levels, title_levels = number_levels(scored["arm"]), number_levels(scored["title"])
    arms, arm = arm_levels.values, arm_levels.index
    titles, title = title_levels.values, title_levels.index
    person = number_levels(scored["participant"]).index
    score = scored["score"].to_numpy().astype(np.float64)
    judged = np.bincount(person)
    home = np.zeros(len(judged), dtype=np.intp)
    home[person] = arm
    shares = np.bincount(person, score) / judged
    people = np.bincount(home, minlength=len(arms)).astype(np.float64)
    means = np.bincount(home, shares, minlength=len(arms)) / people
    part = (score - means[arm]) / (people[arm] * judged[person])
    cell = arm * len(titles) + title
    return ArmSums(
        arms=arms,
        means=means,
        people=people,
        squares=_sum(home, (shares - means[home]) ** 2, len(arms)),
        own=_sum(home, _sum(person, part, len(judged)) ** 2, len(arms)),
        single=_sum(arm, part**2, len(arms)),
        judgments=np.bincount(arm, minlength=len(arms)).astype(np.float64),
        titled=_sum(cell, part, len(arms) * len(titles)).reshape(len(arms), -1),
        title_counts=np.bincount(cell, minlength=len(arms) * len(titles)).reshape(len(arms), -1).astype(np.float64),
    )


def _sum(index: NDArray[np.intp], values: Array, size: int) -> Array:
    return np.asarray(np.bincount(index, values, minlength=size), dtype=np.float64)


def judge_two_way(sums: ArmSums, weights: Mapping[str, float], *, less: float = 0.0) -> Tested:
    """Σ c·accuracy - `less` with participants and titles at random, t(min(participants, titles) - 1)."""
    c = _line(sums, weights)
    used = c != 0
    people, rows = float(sums.people[used].sum()), float(sums.judgments[used].sum())
    titles = int((sums.title_counts[used].sum(axis=0) > 0).sum())
    value = float(c @ sums.means) - less
    if min(people, titles) < 2:
        return Tested(Estimate(value))
    own, titled, single = (
        total * count / (count - 1)
        for total, count in (
            (float(c**2 @ sums.own), people),
            (float(((c @ sums.titled) ** 2).sum()), titles),
            (float(c**2 @ sums.single), rows),
        )
    )
    return _test(value, max(own + titled - single, own, titled) ** 0.5, int(min(people, titles)) - 1)


def judge_by_participants(sums: ArmSums, weights: Mapping[str, float], *, less: float = 0.0) -> Tested:
    """Σ c·accuracy - `less` with participants at random, pooled over the arms that have a weight."""
    c = _line(sums, weights)
    used = c != 0
    df = int(sums.people[used].sum() - used.sum())
    value = float(c @ sums.means) - less
    if df < 1:
        return Tested(Estimate(value))
    pooled = float(sums.squares[used].sum()) / df
    return _test(value, (pooled * float((c[used] ** 2 / sums.people[used]).sum())) ** 0.5, df)


def weigh_trend(sizes: Mapping[str, int]) -> dict[str, float]:
    """The weights of the slope over log10 size; none with fewer than two sizes."""
    if len(set(sizes.values())) < 2:
        return {}
    x = {arm: log10(size) for arm, size in sizes.items()}
    middle = sum(x.values()) / len(x)
    total = sum((value - middle) ** 2 for value in x.values())
    return {arm: (value - middle) / total for arm, value in x.items()}


def _line(sums: ArmSums, weights: Mapping[str, float]) -> Array:
    return np.array([weights.get(arm, 0.0) for arm in sums.arms])


def _test(value: float, se: float, df: int) -> Tested:
    if se <= 1e-12:
        return Tested(Estimate(value), df)
    t = value / se
    return Tested(estimate_normal(value, se, df=df), df, t, 2 * float(stats.t.sf(abs(t), df)))
