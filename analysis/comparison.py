"""Each arm against the control: Student's t test of participants' accuracies with pooled variance.

t = (mean_control - mean_arm) / (s_p √(1/n₁ + 1/n₂)), df = n₁ + n₂ - 2, two-sided p (scipy.stats.ttest_ind), as
published. Its interval is cut off at what a difference can be, and is left out where an arm has fewer than three
participants, as that of a mean. Holm's step-down adjustment over the family of all arms stands beside the raw p (Holm
1979).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from analysis.accuracy import FEWEST


@dataclass(frozen=True)
class Comparison:
    """Control minus arm. `reason` says why there is no test, and then every number is None."""

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    t: float | None = None
    df: int | None = None
    p: float | None = None
    p_holm: float | None = None
    reason: str = ""


def compare_with_control(
    accuracies: Mapping[str, Sequence[float]],
    *,
    control: str | None,
    possible: tuple[float, float] = (-math.inf, math.inf),
) -> dict[str, Comparison]:
    """The comparison of every arm but the control, by its name; Holm's family is all that could be tested.

    `possible` is what a difference can be.
    """
    if control is None:
        return {name: Comparison(reason="the study has no control arm") for name in accuracies}
    raw = {
        name: _compare(accuracies[control], values, possible=possible)
        for name, values in accuracies.items()
        if name != control
    }
    tested = [name for name, comparison in raw.items() if comparison.p is not None]
    adjusted = adjust_holm([raw[name].p or 0.0 for name in tested])
    return raw | {name: replace(raw[name], p_holm=p) for name, p in zip(tested, adjusted, strict=True)}


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p: for the i-th smallest of m, the largest (m - j + 1)·p₍ⱼ₎ over j ≤ i, at most 1."""
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _compare(control: Sequence[float], arm: Sequence[float], *, possible: tuple[float, float]) -> Comparison:
    if len(control) < 2 or len(arm) < 2:
        return Comparison(reason="a test needs at least two participants in the arm and in the control")
    if np.ptp(control) == 0 and np.ptp(arm) == 0:
        return Comparison(
            difference=float(np.mean(control) - np.mean(arm)), reason="nobody differs from anybody within the arms"
        )
    result = stats.ttest_ind(control, arm)
    interval = result.confidence_interval(0.95)
    has_interval = min(len(control), len(arm)) >= FEWEST
    return Comparison(
        difference=float(np.mean(control) - np.mean(arm)),
        low=max(float(interval.low), possible[0]) if has_interval else None,
        high=min(float(interval.high), possible[1]) if has_interval else None,
        t=float(result.statistic),
        df=int(result.df),
        p=float(result.pvalue),
    )
