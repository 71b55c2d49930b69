"""What differences a planned study can find: a formula's hint at launch, no replacement for simulated power.

Smallest true difference of mean accuracy between an arm and the control that a two-sided two-sample test finds with
80 % power, n participants in each, k arms tested (Bonferroni's bound on Holm's adjustment):
    delta = (z[1 - alpha / (2 k)] + z[0.80]) * sd * sqrt(2 / n)
Smallest slope of accuracy over log10(parameters), as the fall from the smallest to the largest model:
    delta = (z[0.975] + z[0.80]) * sd / sqrt(n * Sxx) * (x_max - x_min),   Sxx = sum (x - mean x)^2 over the arms

Assumptions: participants alone vary (the articles are these articles), arms are equally large, nobody is excluded,
normal means. A participant's accuracy has the published standard deviation of 10.6 to 17.1 points at 25 items, of
which p (1 - p) / 25 at p = 0.7 is the chance of 25 answers; with m items it is sqrt(sd^2 - 0.21 / 25 + 0.21 / m).

References: Cohen (1988), Statistical Power Analysis, ch. 2 and 9, normal approximation; Brown et al. (2020), table E.1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

PUBLISHED_SD = (0.106, 0.171)
PUBLISHED_ITEMS = 25
ANSWER_VARIANCE = 0.7 * 0.3
ALPHA, POWER = 0.05, 0.80


@dataclass(frozen=True)
class Detectable:
    """The smallest difference that is found, for the lowest and the highest published spread of participants."""

    low: float
    high: float


def spread_with_items(sd: float, *, items: int) -> float:
    """The standard deviation of a participant's accuracy over `items` items, from the published one over 25."""
    between = max(0.0, sd**2 - ANSWER_VARIANCE / PUBLISHED_ITEMS)
    return math.sqrt(between + ANSWER_VARIANCE / items)


def detectable_difference(*, participants: int, items: int, n_tests: int) -> Detectable:
    """The smallest true difference from the control, with `participants` in each arm and `n_tests` arms tested."""
    _check(participants, items, n_tests)
    factor = (_quantile(1 - ALPHA / (2 * n_tests)) + _quantile(POWER)) * math.sqrt(2 / participants)
    return _scale(factor, items=items)


def detectable_trend(*, participants: int, items: int, sizes: Sequence[int]) -> Detectable | None:
    """The smallest true fall over the ladder of `sizes` (parameters); None where they are fewer than three sizes."""
    _check(participants, items, 1)
    logs = [math.log10(size) for size in sizes]
    if len(set(sizes)) < 3:
        return None
    mean = fmean(logs)
    sxx = sum((x - mean) ** 2 for x in logs)
    factor = (_quantile(1 - ALPHA / 2) + _quantile(POWER)) * (max(logs) - min(logs)) / math.sqrt(participants * sxx)
    return _scale(factor, items=items)


def _scale(factor: float, *, items: int) -> Detectable:
    low, high = (factor * spread_with_items(sd, items=items) for sd in PUBLISHED_SD)
    return Detectable(low=low, high=high)


def _check(*counts: int) -> None:
    if min(counts) < 1:
        raise ValueError("participants, items and tests must be at least 1")


def _quantile(p: float) -> float:
    return NormalDist().inv_cdf(p)
