"""Accuracy over model size: the published power law a·x^(-b), and the same above a floor, ½ + a·x^(-b).

Nonlinear least squares on the arms' mean accuracies, every arm alike, the control never in it (Brown et al. 2020,
figure 3.13); or each weighted by 1 / SE². Fitted with x in 10^9 parameters, in which a and b hang on each other least;
a for x in parameters follows as a·10^(9b). Standard errors from the Jacobian with the residual variance on n - 2
degrees of freedom; the band is the delta method's for the mean curve: f ± t(0.975; n - 2) √(∇fᵀ C ∇f).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]
BILLION = 1e9
MIN_MODELS = 3
STEEPNESS = np.linspace(-4, 8, 121)  # of b · (range of log x), among which a fit begins
NEWTON_STEPS = 25


@dataclass(frozen=True)
class PowerLaw:
    """accuracy = floor + a·x^(-b), as a fraction; `a` for x in parameters, `a_billion` for x in 10^9 parameters.

    `residual_sd` is in accuracy, or, of a weighted fit, in the arms' standard errors: √(χ² / (n - 2)).
    """

    a: float
    a_se: float
    a_billion: float
    a_billion_se: float
    b: float
    b_se: float
    r_squared: float | None
    residual_sd: float
    n_models: int
    covariance: tuple[tuple[float, float], tuple[float, float]]  # of (a_billion, b)
    floor: float = 0.0

    def predict(self, n_params: Floats) -> Floats:
        """The curve at sizes in parameters; same shape."""
        return self.floor + self.a_billion * (n_params / BILLION) ** -self.b

    def band(self, n_params: Floats) -> tuple[Floats, Floats]:
        """Lower and upper 95 % limits of the mean curve at sizes in parameters."""
        x = n_params / BILLION
        slopes = _slopes(x, self.a_billion, self.b)
        variance = np.einsum("ki,ij,kj->k", slopes, np.asarray(self.covariance), slopes)
        half = stats.t.ppf(0.975, self.n_models - 2) * np.sqrt(np.maximum(variance, 0))
        curve = self.predict(n_params)
        return curve - half, curve + half


@dataclass(frozen=True)
class NoFit:
    """Why there is no curve."""

    reason: str


@dataclass(frozen=True)
class PowerLaws:
    """Many curves, each number of shape (runs,); `a` for x in 10^9 parameters."""

    a: Floats
    b: Floats
    b_se: Floats
    floor: float = 0.0

    def predict(self, n_params: Floats) -> Floats:
        """The curves at sizes in parameters; shape (runs, sizes)."""
        return np.asarray(self.floor + self.a[:, None] * (n_params / BILLION) ** -self.b[:, None])


def fit_power_law(
    n_params: Sequence[float], accuracy: Sequence[float], *, errors: Sequence[float] | None = None, floor: float = 0.0
) -> PowerLaw | NoFit:
    """Fit the curve to one mean accuracy (a fraction) a model, sizes in parameters; `errors`, to weight them, are the
    means' standard errors."""
    x, y = np.asarray(n_params, dtype=float) / BILLION, np.asarray(accuracy, dtype=float)
    if len(np.unique(x)) < MIN_MODELS:
        return NoFit(f"a curve needs at least {MIN_MODELS} models of different size; there are {len(np.unique(x))}")
    if np.any(y <= 0):
        return NoFit("an arm's accuracy is 0, which no power law reaches")
    sd = np.ones(len(y)) if errors is None else np.asarray(errors, dtype=float)
    if not np.all(sd > 0):
        return NoFit("an arm has no standard error to weight it by")
    start = fit_power_laws(np.asarray(n_params, dtype=float), y[None], errors=sd, floor=floor)
    try:
        fit = optimize.least_squares(
            lambda curve: (floor + curve[0] * x ** -curve[1] - y) / sd,
            (start.a[0], start.b[0]),
            jac=lambda curve: _slopes(x, *curve) / sd[:, None],
            method="lm",
            ftol=1e-14,
            xtol=1e-14,
            gtol=1e-14,
            max_nfev=20_000,
        )
    except ValueError as error:
        return NoFit(f"the fit did not converge ({error})")
    if not fit.success:
        return NoFit(f"the fit did not converge ({fit.message})")
    slopes = _slopes(x, *fit.x) / sd[:, None]
    if np.linalg.cond(slopes / np.maximum(np.linalg.norm(slopes, axis=0), 1e-300)) > 1e8:
        return NoFit("the arms lie so near the curve's floor that it has no slope")
    return _describe(fit, slopes, y=y, sd=sd, floor=floor)


def _describe(fit: Any, slopes: Floats, *, y: Floats, sd: Floats, floor: float) -> PowerLaw:
    """The result of a fit, from its weighted residuals and slopes."""
    a, b = fit.x
    residual, df = float(np.sum(fit.fun**2)), len(y) - 2
    weight = 1 / sd**2
    total = float(np.sum(weight * (y - np.average(y, weights=weight)) ** 2))
    covariance = np.linalg.inv(slopes.T @ slopes) * residual / df
    factor = BILLION**b
    gradient = np.array([factor, a * factor * np.log(BILLION)])  # of a in parameters by (a_billion, b)
    return PowerLaw(
        a=float(a * factor),
        a_se=float(np.sqrt(gradient @ covariance @ gradient)),
        a_billion=float(a),
        a_billion_se=float(np.sqrt(covariance[0, 0])),
        b=float(b),
        b_se=float(np.sqrt(covariance[1, 1])),
        r_squared=1 - residual / total if total > 0 else None,
        residual_sd=float(np.sqrt(residual / df)),
        n_models=len(y),
        covariance=(
            (float(covariance[0, 0]), float(covariance[0, 1])),
            (float(covariance[1, 0]), float(covariance[1, 1])),
        ),
        floor=floor,
    )


def fit_power_laws(
    n_params: Floats, accuracies: Floats, *, errors: Floats | None = None, floor: float = 0.0
) -> PowerLaws:
    """Fit every row of accuracies, shape (runs, models), by Gauss-Newton from the best of a grid of exponents.

    Given b, a is linear, so the grid is of b alone. A step that does not lessen the sum of squares is not taken.
    """
    log_x = np.log(n_params / BILLION)
    weight = np.ones(len(log_x)) if errors is None else 1 / errors**2
    y = accuracies - floor
    a, b = _start(log_x - log_x.mean(), y, weight)  # centred, so that no curve overflows
    log_centre, log_x = log_x.mean(), log_x - log_x.mean()
    loss = _lose(log_x, y, weight, a=a, b=b)
    for _ in range(NEWTON_STEPS):
        slopes, rest = _linearise(log_x, y, a=a, b=b)
        weighted = slopes * weight[:, None]
        normal = weighted.transpose(0, 2, 1) @ slopes
        normal[:, [0, 1], [0, 1]] *= 1 + 1e-12
        normal[:, 1, 1] += 1e-300  # a = 0: the exponent stays where it is
        step = np.linalg.solve(normal, weighted.transpose(0, 2, 1) @ rest[:, :, None])[:, :, 0]
        there = _lose(log_x, y, weight, a=a + step[:, 0], b=b + step[:, 1])
        is_better = there < loss
        a, b = np.where(is_better, a + step[:, 0], a), np.where(is_better, b + step[:, 1], b)
        loss = np.where(is_better, there, loss)
        if not np.any(is_better & (np.abs(step).max(1) > 1e-10)):
            break
    slopes, _ = _linearise(log_x, y, a=a, b=b)
    normal = (slopes * weight[:, None]).transpose(0, 2, 1) @ slopes
    determinant = normal[:, 0, 0] * normal[:, 1, 1] - normal[:, 0, 1] ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        b_se = np.sqrt(normal[:, 0, 0] / determinant * loss / (len(log_x) - 2))
    return PowerLaws(a * np.exp(b * log_centre), b, b_se, floor)


def _start(log_x: Floats, y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The best of the grid for every row of y."""
    exponents = STEEPNESS / max(float(np.ptp(log_x)), 1e-9)
    curves = np.exp(-exponents[:, None] * log_x)  # (grid, models)
    squares = (weight * curves**2).sum(1)
    products = (weight * y) @ curves.T  # (runs, grid)
    best = np.argmax(products**2 / squares, axis=1)  # what the curve explains
    return products[np.arange(len(y)), best] / squares[best], exponents[best]


def _lose(log_x: Floats, y: Floats, weight: Floats, *, a: Floats, b: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        found = (weight * (y - a[:, None] * np.exp(-b[:, None] * log_x)) ** 2).sum(1)
    return np.where(np.isfinite(found), found, np.inf)


def _linearise(log_x: Floats, y: Floats, *, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Slopes, shape (runs, models, 2), and residuals."""
    curve = np.exp(-b[:, None] * log_x)
    return np.stack([curve, -a[:, None] * curve * log_x], axis=2), y - a[:, None] * curve


def _slopes(x: Floats, a: float, b: float) -> Floats:
    """The curve's derivatives by a and b; shape (models, 2)."""
    return np.stack([x**-b, -a * x**-b * np.log(x)], axis=1)
