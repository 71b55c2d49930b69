"""The profile-likelihood interval of a power law's exponent (Bates & Watts 1988, §6.1; R's `confint` of an `nls`).

Given b the best a is linear, so RSS(b) = Σw y² - (Σw y c)² / Σw c² with c = x^(-b). The interval holds every b with

    RSS(b) - RSS(b̂) ≤ t(0.975; n - 2)² · s²,      s² = RSS(b̂) / (n - 2), of known errors at least 1.

It follows the curve where the interval of b ± t · SE takes it as straight, so it need not be symmetric; on a side where
no b is bad enough it is open, and that limit is unknown.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from analysis.estimate import Estimate
from analysis.power_law import PowerLaw

Floats = NDArray[np.float64]
STEEPEST = 40.0  # of |b - b̂| · (range of log x), up to which a limit is looked for


def profile_exponent(
    n_params: Sequence[float], accuracy: Sequence[float], *, law: PowerLaw, errors: Sequence[float] | None = None
) -> Estimate:
    """The interval of `law`'s b, which was fitted to the same arms with the same errors."""
    log_x, y = np.log(np.asarray(n_params, dtype=float)), np.asarray(accuracy, dtype=float) - law.floor
    log_x = log_x - log_x.mean()
    weight = np.ones(len(y)) if errors is None else 1 / np.asarray(errors, dtype=float) ** 2

    def lose(b: float) -> float:
        curve = np.exp(-b * log_x)
        return float(weight @ y**2 - (weight @ (y * curve)) ** 2 / (weight @ curve**2))

    df = len(y) - 2
    least = lose(law.b)
    variance = least / df if errors is None else max(least / df, 1.0)
    most = least + float(stats.t.ppf(0.975, df)) ** 2 * variance
    far = STEEPEST / float(np.ptp(log_x))
    low, high = (
        _find_limit(lambda b: lose(b) - most, law.b, sign * min(max(law.b_se, 1e-6), far), far) for sign in (-1.0, 1.0)
    )
    return Estimate(law.b, None, low, high, f"profile likelihood, t({df})")


def _find_limit(excess: Callable[[float], float], middle: float, step: float, far: float) -> float | None:
    """Where the loss passes its bound, from the middle in steps that double; None where it does not."""
    if excess(middle) >= 0:  # the arms lie on the curve
        return middle
    inner = middle
    while abs(step) <= far:
        outer = middle + step
        if excess(outer) > 0:
            return float(optimize.brentq(excess, inner, outer, xtol=1e-13, rtol=1e-13))
        inner, step = outer, 2 * step
    return None
