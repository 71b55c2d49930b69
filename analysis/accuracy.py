"""An arm's accuracy: the mean of its participants' accuracies, with a 95 % interval from Student's t.

mean ± t(0.975; n - 1) · s / √n, s the standard deviation with n - 1. The interval holds for new participants who read
the same articles; it does not generalise to other articles. It is cut off at what the quantity can be. With fewer than
three participants there is none: t(0.975; 1) = 12.7, so that of two it would run past everything possible.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
FEWEST = 3  # participants for an interval
TOO_FEW = f"fewer than {FEWEST} participants"
SHARE = (0.0, 1.0)  # what an accuracy can be
DIFFERENCE = (-1.0, 1.0)  # … of two accuracies
SECONDS = (0.0, math.inf)


@dataclass(frozen=True)
class MeanEstimate:
    """A mean over participants: `mean` is None with none, `sd` with fewer than two, `low` and `high` with fewer than 3.

    `is_cut`: the interval ran past what the quantity can be, and was cut off there.
    """

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    is_cut: bool = False

    def holds(self, value: float) -> bool:
        """Whether there is an interval, and `value` lies in it."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high


def estimate_mean(values: Sequence[float], *, possible: tuple[float, float] = (-math.inf, math.inf)) -> MeanEstimate:
    """Mean, standard deviation and 95 % t interval of values, one a participant, within what is `possible`."""
    array = np.asarray(values, dtype=float)
    n = len(array)
    if n == 0:
        return MeanEstimate(n=0, mean=None, sd=None, low=None, high=None)
    mean = float(array.mean())
    if n == 1:
        return MeanEstimate(n=1, mean=mean, sd=None, low=None, high=None)
    sd = float(array.std(ddof=1))
    if n < FEWEST:
        return MeanEstimate(n=n, mean=mean, sd=sd, low=None, high=None)
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1)) * sd / n**0.5
    low, high = max(mean - half, possible[0]), min(mean + half, possible[1])
    return MeanEstimate(n=n, mean=mean, sd=sd, low=low, high=high, is_cut=(low, high) != (mean - half, mean + half))
