"""An arm's accuracy: the mean of its participants' accuracies, with a 95 % interval from Student's t.

mean ± t(0.975; n - 1) · s / √n, s the standard deviation with n - 1. The interval holds for new participants who read
the same articles; it does not generalise to other articles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class MeanEstimate:
    """A mean over participants. `sd`, `low` and `high` are None with fewer than two of them, `mean` with none."""

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None

    def holds(self, value: float) -> bool:
        """Whether there is an interval, and `value` lies in it."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high


def estimate_mean(values: Sequence[float]) -> MeanEstimate:
    """Mean, standard deviation and 95 % t interval of values, one a participant."""
    array = np.asarray(values, dtype=float)
    n = len(array)
    if n == 0:
        return MeanEstimate(n=0, mean=None, sd=None, low=None, high=None)
    mean = float(array.mean())
    if n == 1:
        return MeanEstimate(n=1, mean=mean, sd=None, low=None, high=None)
    sd = float(array.std(ddof=1))
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1)) * sd / n**0.5
    return MeanEstimate(n=n, mean=mean, sd=sd, low=mean - half, high=mean + half)
