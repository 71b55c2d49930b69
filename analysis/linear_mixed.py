"""A linear mixed model with crossed random intercepts by REML, and Satterthwaite's degrees of freedom.

    y = Xβ + Σ_g Z_g u_g + e,    u_g ~ N(0, σ²θ_g² I),    e ~ N(0, σ²I)

The REML deviance, profiled over β and σ (Bates et al. 2015, J. Stat. Softw. 67(1), eq. 41), is read off the Cholesky
factor of the cross products of [Z X y], taken once (`linear_mixed_system`, with exact slopes). The group with the most
levels is diagonal there and eliminated first; its levels with equally many rows weigh alike, so their products are
summed once, and an evaluation's cost does not grow with its levels. For a coefficient with variance C(θ, σ),
df = 2C² / (gᵀAg), g the gradient of C over (θ, σ) and A twice the inverse Hessian of the deviance (Satterthwaite 1946;
Kuznetsova et al. 2017, J. Stat. Softw. 82(13), as `lmerTest` does it), the Hessian by central differences of slopes.
Groups with a variance of 0 are an answer; they are left out of g and A, where they have no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats
from threadpoolctl import threadpool_limits

from analysis.linear_mixed_system import Point, System

Array = NDArray[np.float64]
Index = NDArray[np.intp]
BOUNDARY = 1e-4
STEP = 1e-3
START, AGAIN = 0.5, 1e-2  # the θ to begin at, and to begin again at where 0 was no minimum
ROUNDS = 4
ASTRAY = 1e12  # the deviance where it cannot be worked out, so that the search takes a shorter step
WORTH_THREADS = 3_000  # levels of the groups that are left dense


class NoLinearFitError(ValueError):
    """The model cannot be fitted to these rows; the message says why."""


@dataclass(frozen=True)
class Coefficient:
    """A fixed effect with its t test on Satterthwaite's df, and the 95 % interval of the same t."""

    name: str
    value: float
    se: float
    df: float
    t: float
    p: float
    low: float
    high: float


@dataclass(frozen=True)
class LinearMixedFit:
    """`sd`: of the intercepts by group, and `residual_sd`; `deviance`: REML criterion at the minimum."""

    coefficients: tuple[Coefficient, ...]
    groups: tuple[str, ...]
    sd: tuple[float, ...]
    residual_sd: float
    deviance: float
    observations: int

    def coefficient(self, name: str) -> Coefficient | None:
        return next((part for part in self.coefficients if part.name == name), None)


def fit_linear(y: Array, x: Array, names: Sequence[str], groups: Sequence[tuple[str, Index]]) -> LinearMixedFit:
    """Fit. `x` (n x p) has independent columns, among them the intercept; `groups` name each row's levels from 0.

    Raises:
        NoLinearFitError: too few rows or levels, or an outcome without any variance.
    """
    _check(y, x, groups)
    levels = sorted(int(index.max()) + 1 for _, index in groups)
    # small matrices are done sooner by one thread than by two that wait for each other
    with threadpool_limits(limits=1 if sum(levels[:-1]) < WORTH_THREADS else None, user_api="blas"):
        return _fit(System(y, x, groups), y, names, [name for name, _ in groups])


def _fit(system: System, y: Array, names: Sequence[str], groups: Sequence[str]) -> LinearMixedFit:
    theta = _minimise(system)
    point = system.at(theta)
    sigma2 = point.residual_variance
    if sigma2 <= 1e-10 * float(y.var()):
        raise NoLinearFitError("the coefficients fit every row exactly, so that nothing is left to judge them by")
    covariance = sigma2 * point.unscaled_covariance
    spread = _Satterthwaite(system, point, [place for place, value in enumerate(theta) if value > BOUNDARY])
    return LinearMixedFit(
        coefficients=tuple(
            _describe(name, float(value), float(covariance[place, place]), spread.df(place))
            for place, (name, value) in enumerate(zip(names, point.coefficients, strict=True))
        ),
        groups=tuple(groups),
        sd=tuple(float(value * sigma2**0.5) for value in theta),
        residual_sd=float(sigma2**0.5),
        deviance=point.deviance,
        observations=len(y),
    )


def _check(y: Array, x: Array, groups: Sequence[tuple[str, Index]]) -> None:
    if len(y) <= x.shape[1] + 1:
        raise NoLinearFitError("there are too few rows for so many coefficients")
    if float(np.ptp(y)) == 0:
        raise NoLinearFitError("every value is the same")
    for name, index in groups:
        if not 1 < int(index.max()) + 1 < len(y):
            raise NoLinearFitError(f"{name} needs more than one level, and a level with several rows")


def _describe(name: str, value: float, variance: float, df: float) -> Coefficient:
    se = variance**0.5
    if not np.isfinite(df):
        raise NoLinearFitError("the rows leave nothing to judge a coefficient by")
    t, half = value / se, float(stats.t.ppf(0.975, df)) * se
    return Coefficient(name, value, se, df, t, 2 * float(stats.t.sf(abs(t), df)), value - half, value + half)


def _minimise(system: System) -> Array:
    """The deviance is even in a θ, so that 0 always looks like a minimum: a θ of 0 is let go where it is none."""
    theta = np.full(system.groups, START)
    for _ in range(ROUNDS):
        theta = _descend(system, theta)
        theta[theta < BOUNDARY] = 0.0
        lifted = np.maximum(theta, BOUNDARY)
        falling = (theta == 0.0) & (_slope(system.at(lifted)) < 0)
        if not falling.any():
            break
        theta[falling] = AGAIN
    return theta


def _descend(system: System, theta: Array) -> Array:
    """Over log θ of the groups that have a variance, in units of about its standard error."""
    free = np.flatnonzero(theta)
    scale = np.sqrt(2.0 * np.array(system.sizes)[free])

    def unpack(z: Array) -> Array:
        whole = theta.copy()
        whole[free] = np.exp(z / scale)
        return whole

    def compute(z: Array) -> tuple[float, Array]:
        whole = unpack(z)
        try:
            point = system.at(whole)
        except np.linalg.LinAlgError:  # a step too long
            return ASTRAY, np.zeros_like(z)
        return point.deviance, (_slope(point) * whole)[free] / scale

    result = optimize.minimize(
        compute, np.log(theta[free]) * scale, method="L-BFGS-B", jac=True,
        bounds=[(np.log(BOUNDARY / 10) * unit, None) for unit in scale], options={"ftol": 1e-14, "gtol": 1e-6},
    )  # fmt: skip
    return unpack(result.x)


def _slope(point: Point) -> Array:
    """Of the profiled deviance, by θ."""
    slopes = point.slopes()
    result: Array = slopes.log_determinant + point.df / point.rest * slopes.rest
    return result


class _Satterthwaite:
    """Derivatives over the free θ and σ at the minimum: second ones by differences of the exact first ones."""

    def __init__(self, system: System, point: Point, free: list[int]) -> None:
        here = point.slopes(variances=True)
        sigma, size = point.residual_variance**0.5, len(free)
        unscaled = np.diag(point.unscaled_covariance)
        self._variances = sigma**2 * unscaled
        self._gradient = np.vstack([sigma**2 * here.variances[free], 2 * sigma * unscaled])
        hessian = np.empty((size + 1, size + 1))
        for place, group in enumerate(free):
            step = STEP * max(point.theta[group], 0.05)
            above, below = (system.at(_move(point.theta, group, by)).slopes() for by in (step, -step))
            logs, rests = above.log_determinant - below.log_determinant, above.rest - below.rest
            hessian[place, :size] = ((logs + rests / sigma**2) / (2 * step))[free]
        hessian[:size, :size] = (hessian[:size, :size] + hessian[:size, :size].T) / 2
        hessian[size, :size] = hessian[:size, size] = -2 * here.rest[free] / sigma**3
        hessian[size, size] = -2 * point.df / sigma**2 + 6 * point.rest / sigma**4
        self._spread = 2 * np.linalg.pinv(hessian)

    def df(self, place: int) -> float:
        gradient = self._gradient[:, place]
        spread = float(gradient @ self._spread @ gradient)
        return float(max(1.0, 2 * self._variances[place] ** 2 / spread)) if spread > 0 else float("inf")


def _move(theta: Array, place: int, by: float) -> Array:
    moved = theta.copy()
    moved[place] += by
    return moved
