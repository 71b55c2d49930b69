"""What this study could have found: the smallest effect with 80 % power, given the standard errors it came to.

A two-sided test at 5 % finds an effect of (t.975 + t.80)·SE with 80 % power (Bloom 1995, Eval. Rev. 19:547-556); the
tests of equivalence show it within ±δ with 80 % power, if the accuracy is 50 %, at δ = (t.95 + t.90)·SE. Both come of
the standard error and its degrees of freedom alone, never of the effect that was seen: "power" worked out of that says
no more than its p (Hoenig & Heisey 2001). The smallest δ at which equivalence is shown is the further end of the 90 %
interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from scipy import stats

from analysis.arm_contrasts import judge_two_way, sum_arms, weigh_trend
from analysis.equivalence import judge_arms, smallest_equivalent
from analysis.study import Study


@dataclass(frozen=True)
class ArmSensitivity:
    """One arm: effects in shares (accuracy) and d′; None where there is no standard error."""

    arm: str
    accuracy: float | None
    d_prime: float | None
    against_control: float | None
    equivalence: float | None
    shown_equivalent: float | None


@dataclass(frozen=True)
class Sensitivity:
    """The arms, and the smallest change over ten times the parameters."""

    arms: tuple[ArmSensitivity, ...]
    trend: float | None


def find_smallest(se: float | None, df: float | None) -> float | None:
    """That a two-sided test at 5 % finds with 80 % power; without `df` of the normal distribution."""
    return _reach(se, df, 0.975, 0.80)


def find_bound(se: float | None, df: float | None) -> float | None:
    """±δ within which two one-sided tests show an accuracy of 50 % with 80 % power."""
    return _reach(se, df, 0.95, 0.90)


def _reach(se: float | None, df: float | None, level: float, power: float) -> float | None:
    if not se:
        return None
    if df is None:
        return float(stats.norm.ppf(level) + stats.norm.ppf(power)) * se
    return float(stats.t.ppf(level, df) + stats.t.ppf(power, df)) * se


def measure_sensitivity(study: Study) -> Sensitivity:
    """Every arm and the trend, from the two-way standard errors and the primary model's of d′."""
    verdicts = {v.arm: v for v in judge_arms({arm.arm: (arm.two_way, arm.df) for arm in study.accuracies})}
    detected = {arm.arm: arm.d_prime.se for arm in study.detection.arms}
    contrasts = _find_contrasts(study)
    arms = tuple(
        ArmSensitivity(
            arm=arm.arm,
            accuracy=find_smallest(arm.two_way.se, arm.df),
            d_prime=find_smallest(detected.get(arm.arm), None),
            against_control=contrasts.get(arm.arm),
            equivalence=find_bound(arm.two_way.se, arm.df),
            shown_equivalent=smallest_equivalent(verdicts[arm.arm]),
        )
        for arm in study.accuracies
    )
    return Sensitivity(arms, contrasts.get(""))


def _find_contrasts(study: Study) -> Mapping[str, float | None]:
    """The smallest difference from the control by arm, and under "" that of the slope."""
    scored = study.decided.with_columns(score=pl.col("correct"))
    if scored.is_empty():
        return {}
    sums = sum_arms(scored)
    found: dict[str, float | None] = {}
    if study.control in sums.arms:
        for arm in sums.arms:
            if arm != study.control:
                test = judge_two_way(sums, {study.control or "": 1.0, arm: -1.0})
                found[arm] = find_smallest(test.estimate.se, test.df)
    sizes = {arm.arm: arm.n_params or 1 for arm in study.answer.models if arm.arm in sums.arms}
    if weights := weigh_trend(sizes):
        test = judge_two_way(sums, weights)
        found[""] = find_smallest(test.estimate.se, test.df)
    return found
