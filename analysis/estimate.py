"""A number with its uncertainty, as every section gives it."""

from dataclasses import dataclass
from math import isfinite

from scipy import stats


@dataclass(frozen=True)
class Estimate:
    """A value, its standard error, and a 95 % interval; all but `value` are None where there is no variance to give.

    `method` says what the interval holds for, as "two-way (participants x items), t(24)".
    """

    value: float | None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""


def estimate_normal(value: float, se: float, *, method: str = "", df: float | None = None) -> Estimate:
    """value ± quantile · se, of Student's t with `df` or of the normal distribution."""
    if not isfinite(value):
        return Estimate(None, method=method)
    if not isfinite(se):
        return Estimate(value, method=method)
    half = float(stats.norm.ppf(0.975) if df is None else stats.t.ppf(0.975, df)) * se
    return Estimate(value, se, value - half, value + half, method)


def clip_share(estimate: Estimate) -> Estimate:
    """An interval of a share, kept within 0 and 1."""
    if estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(estimate.value, estimate.se, max(0.0, estimate.low), min(1.0, estimate.high), estimate.method)
