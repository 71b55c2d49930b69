"""Seconds an item over model size: linear in log10 size, with a 95 % band (Brown et al. 2020, figure E.1).

Each participant counts once, with the mean of their seconds; an arm's value is the mean of its participants'. The line
is ordinary least squares through the arms' means, the control not in it; its band is that of the mean line:
ŷ ± t(0.975; n - 2) · s · √(1/n + (x - x̄)²/Sxx).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.power_law import MIN_MODELS, NoFit


@dataclass(frozen=True)
class LogLine:
    """seconds = intercept + slope · log10(n_params); `p` is that of slope = 0 on `df` degrees of freedom.

    `t` and `p` are None where the arms lie on the line exactly.
    """

    intercept: float
    slope: float
    slope_se: float
    t: float | None
    df: int
    p: float | None
    residual_sd: float
    mean_x: float
    sum_squares_x: float

    def predict(self, n_params: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.intercept + self.slope * np.log10(n_params)

    def band(self, n_params: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper 95 % limits of the mean line."""
        x = np.log10(n_params)
        spread = np.sqrt(1 / (self.df + 2) + (x - self.mean_x) ** 2 / self.sum_squares_x)
        half = stats.t.ppf(0.975, self.df) * self.residual_sd * spread
        line = self.predict(n_params)
        return line - half, line + half


def fit_log_line(n_params: Sequence[float], seconds: Sequence[float]) -> LogLine | NoFit:
    """Fit the line to one mean a model, sizes in parameters."""
    x, y = np.log10(np.asarray(n_params, dtype=float)), np.asarray(seconds, dtype=float)
    if len(np.unique(x)) < MIN_MODELS:
        return NoFit(
            f"a line needs at least {MIN_MODELS} models of different size with times; there are {len(np.unique(x))}"
        )
    if float(np.ptp(y)) <= 1e-9 * float(np.abs(y).max()):
        return NoFit("every model's texts take equally long")
    fit = stats.linregress(x, y)
    residual = float(np.sum((y - fit.intercept - fit.slope * x) ** 2))
    df = len(x) - 2
    residual_sd = float(np.sqrt(residual / df))
    sum_squares_x = float(np.sum((x - x.mean()) ** 2))
    slope_se = residual_sd / sum_squares_x**0.5
    is_exact = residual_sd <= 1e-9 * float(np.abs(y).max())  # what is left is rounding
    t = None if is_exact else float(fit.slope / slope_se)
    return LogLine(
        intercept=float(fit.intercept),
        slope=float(fit.slope),
        slope_se=slope_se,
        t=t,
        df=df,
        p=None if t is None else 2 * float(stats.t.sf(abs(t), df)),
        residual_sd=residual_sd,
        mean_x=float(x.mean()),
        sum_squares_x=sum_squares_x,
    )
