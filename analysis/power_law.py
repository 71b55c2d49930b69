"""Accuracy over model size: the published power law a·x^(-b).

Nonlinear least squares on the arms' mean accuracies, every arm alike, the control never in it (Brown et al. 2020,
figure 3.13). Fitted with x in 10^9 parameters, in which a and b hang on each other least; a for x in parameters
follows as a·10^(9b). Standard errors from the Jacobian with the residual variance on n - 2 degrees of freedom; the band
is the delta method's for the mean curve: f ± t(0.975; n - 2) √(∇fᵀ C ∇f).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

BILLION = 1e9
MIN_MODELS = 3


@dataclass(frozen=True)
class PowerLaw:
    """accuracy = a·x^(-b), as a fraction; `a` for x in parameters, `a_billion` for x in 10^9 parameters."""

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

    def predict(self, n_params: NDArray[np.float64]) -> NDArray[np.float64]:
        """The curve at sizes in parameters; same shape."""
        return self.a_billion * (n_params / BILLION) ** -self.b

    def band(self, n_params: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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


def fit_power_law(n_params: Sequence[float], accuracy: Sequence[float]) -> PowerLaw | NoFit:
    """Fit the curve to one mean accuracy (a fraction) a model, sizes in parameters."""
    x, y = np.asarray(n_params, dtype=float) / BILLION, np.asarray(accuracy, dtype=float)
    if len(np.unique(x)) < MIN_MODELS:
        return NoFit(f"a curve needs at least {MIN_MODELS} models of different size; there are {len(np.unique(x))}")
    if np.any(y <= 0):
        return NoFit("an arm's accuracy is 0, which no power law reaches")
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    try:
        fit = optimize.least_squares(
            lambda curve: curve[0] * x ** -curve[1] - y,
            (np.exp(intercept), -slope),
            jac=lambda curve: _slopes(x, *curve),
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
    a, b = fit.x
    residual = float(np.sum(fit.fun**2))
    total = float(np.sum((y - y.mean()) ** 2))
    slopes = _slopes(x, a, b)
    covariance = np.linalg.inv(slopes.T @ slopes) * residual / (len(x) - 2)
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
        residual_sd=float(np.sqrt(residual / (len(x) - 2))),
        n_models=len(x),
        covariance=(
            (float(covariance[0, 0]), float(covariance[0, 1])),
            (float(covariance[1, 0]), float(covariance[1, 1])),
        ),
    )


def _slopes(x: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
    """The curve's derivatives by a and b; shape (models, 2)."""
    return np.stack([x**-b, -a * x**-b * np.log(x)], axis=1)
