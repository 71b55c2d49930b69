"""A linear mixed model with crossed random intercepts by REML, and Satterthwaite's degrees of freedom.

    y = Xβ + Σ_g Z_g u_g + e,    u_g ~ N(0, σ²θ_g² I),    e ~ N(0, σ²I)

The REML deviance, profiled over β and σ (Bates et al. 2015, J. Stat. Softw. 67(1), eq. 41), is read off the Cholesky
factor of the cross products of [Z X y], taken once. The group with the most levels is diagonal there and eliminated
first; its levels with equally many rows weigh alike, so their products are summed once, and an evaluation's cost does
not grow with its levels. For a coefficient with variance
C(θ, σ), df = 2C² / (gᵀAg), g the gradient of C over (θ, σ) and A twice the inverse Hessian of the deviance
(Satterthwaite 1946; Kuznetsova et al. 2017, J. Stat. Softw. 82(13), as `lmerTest` does it), by central differences.
Groups with a variance of 0 are an answer; they are left out of g and A, where they have no part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse, stats
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
Index = NDArray[np.intp]
BOUNDARY = 1e-4
STEP = 1e-3
WORTH_THREADS = 1_000  # levels of the groups that are left dense


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
        return _fit(_System(y, x, groups), y, names, [name for name, _ in groups])


def _fit(system: "_System", y: Array, names: Sequence[str], groups: Sequence[str]) -> LinearMixedFit:
    theta = system.minimise()
    sigma2 = system.residual_variance(theta)
    if sigma2 <= 1e-10 * float(y.var()):
        raise NoLinearFitError("the coefficients fit every row exactly, so that nothing is left to judge them by")
    free = [place for place, value in enumerate(theta) if value > BOUNDARY]
    covariance = sigma2 * system.unscaled_covariance(theta)
    spread = _Satterthwaite(system, theta, sigma2**0.5, free)
    return LinearMixedFit(
        coefficients=tuple(
            _describe(name, float(value), float(covariance[place, place]), spread.df(place))
            for place, (name, value) in enumerate(zip(names, system.coefficients(theta), strict=True))
        ),
        groups=tuple(groups),
        sd=tuple(float(value * sigma2**0.5) for value in theta),
        residual_sd=float(sigma2**0.5),
        deviance=system.deviance(theta),
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


class _System:
    """Cross products of the columns [Z_first | Z_others X y], of which Z_first's are a diagonal."""

    def __init__(self, y: Array, x: Array, groups: Sequence[tuple[str, Index]]) -> None:
        self.n, self.p = x.shape
        self.groups = len(groups)
        sizes = [int(index.max()) + 1 for _, index in groups]
        self.first = int(np.argmax(sizes))
        own = groups[self.first][1]
        others = [index for place, (_, index) in enumerate(groups) if place != self.first]
        self.owner = np.concatenate(
            [np.full(size, place) for place, size in enumerate(sizes) if place != self.first] or [np.zeros(0, int)]
        ).astype(np.intp)  # of every column of Z_others, its group
        dense = np.column_stack([x, y])
        starts = np.cumsum([0] + [size for place, size in enumerate(sizes) if place != self.first])
        width = len(self.owner) + dense.shape[1]
        self.gram = np.zeros((width, width))
        columns = [index + start for index, start in zip(others, starts, strict=False)]
        ones, z = np.ones(self.n), len(self.owner)
        shared = [sparse.csr_array((ones, (own, column)), shape=(sizes[self.first], z)) for column in columns]
        for column in columns:
            for other in columns:
                self.gram[:z, :z] += sparse.coo_array((ones, (column, other)), shape=(z, z)).toarray()
        sums = np.zeros((sizes[self.first], dense.shape[1]))
        for place in range(dense.shape[1]):
            sums[:, place] = np.bincount(own, dense[:, place], minlength=sizes[self.first])
            for column in columns:
                along = np.bincount(column, dense[:, place], minlength=z)[:z]
                self.gram[:z, z + place] += along
                self.gram[z + place, :z] += along
        self.gram[z:, z:] = dense.T @ dense
        counts = np.bincount(own, minlength=sizes[self.first])
        self.rows = np.unique(counts).astype(np.float64)  # a level's number of rows
        self.levels = np.array([(counts == rows).sum() for rows in self.rows], dtype=np.float64)
        crossed = sparse.hstack([sum(shared, sparse.csr_array((sizes[self.first], z))), sparse.csr_array(sums)]).tocsr()
        alike = [crossed[np.flatnonzero(counts == rows)] for rows in self.rows]
        self.products = np.array([(part.T @ part).toarray() for part in alike])

    def _factor(self, theta: Array) -> tuple[Array, float]:
        """The lower triangle of [Z_others X y], and the log determinant of the eliminated diagonal."""
        own = theta[self.first]
        diagonal = 1.0 + own**2 * self.rows
        scale = np.concatenate([theta[self.owner], np.ones(self.p + 1)])
        schur = self.gram - np.tensordot(own**2 / diagonal, self.products, axes=1)
        schur = scale[:, None] * schur * scale
        z = len(self.owner)
        schur[np.arange(z), np.arange(z)] += 1.0
        lower: Array = linalg.cholesky(schur, lower=True, check_finite=False)
        return lower, float(self.levels @ np.log(diagonal))

    def deviance(self, theta: Array) -> float:
        """Profiled over β and σ."""
        lower, log_own = self._factor(theta)
        z, df = len(self.owner), self.n - self.p
        logs = 2 * np.log(np.diag(lower))
        return float(log_own + logs[: z + self.p].sum() + df * (1 + np.log(2 * np.pi * lower[-1, -1] ** 2 / df)))

    def deviance_at(self, theta: Array, sigma: float) -> float:
        """Not profiled over σ."""
        lower, log_own = self._factor(theta)
        z, df = len(self.owner), self.n - self.p
        logs = 2 * np.log(np.diag(lower))
        rest = df * np.log(2 * np.pi * sigma**2) + lower[-1, -1] ** 2 / sigma**2
        return float(log_own + logs[: z + self.p].sum() + rest)

    def residual_variance(self, theta: Array) -> float:
        lower, _ = self._factor(theta)
        return float(lower[-1, -1] ** 2 / (self.n - self.p))

    def coefficients(self, theta: Array) -> Array:
        lower, _ = self._factor(theta)
        z = len(self.owner)
        result: Array = linalg.solve_triangular(lower[z:-1, z:-1].T, lower[-1, z:-1], lower=False)
        return result

    def unscaled_covariance(self, theta: Array) -> Array:
        """Of the coefficients, over σ²."""
        lower, _ = self._factor(theta)
        z = len(self.owner)
        root = linalg.solve_triangular(lower[z:-1, z:-1], np.eye(self.p), lower=True)
        result: Array = root.T @ root
        return result

    def minimise(self) -> Array:
        size = self.groups
        result = optimize.minimize(
            self.deviance, np.full(size, 0.5), method="L-BFGS-B", jac="3-point", bounds=[(0.0, None)] * size,
            options={"ftol": 1e-14, "gtol": 1e-6},
        )  # fmt: skip
        theta: Array = np.where(result.x < BOUNDARY, 0.0, result.x)
        return theta


class _Satterthwaite:
    """Derivatives over the free θ and σ at the minimum."""

    def __init__(self, system: _System, theta: Array, sigma: float, free: list[int]) -> None:
        point = np.concatenate([theta[free], [sigma]])
        steps = STEP * np.maximum(point, 0.05)

        def unpack(values: Array) -> tuple[Array, float]:
            whole = theta.copy()
            whole[free] = values[:-1]
            return whole, float(values[-1])

        def deviance(values: Array) -> float:
            return system.deviance_at(*unpack(values))

        def variances(values: Array) -> Array:
            whole, own = unpack(values)
            result: Array = own**2 * np.diag(system.unscaled_covariance(whole))
            return result

        self._variances = variances(point)
        shifts = np.diag(steps)
        self._gradient = np.array(
            [(variances(point + s) - variances(point - s)) / (2 * step) for s, step in zip(shifts, steps, strict=True)]
        )
        hessian = _differentiate_twice(deviance, point, shifts, steps)
        self._spread = 2 * np.linalg.pinv(hessian)

    def df(self, place: int) -> float:
        gradient = self._gradient[:, place]
        spread = float(gradient @ self._spread @ gradient)
        return float(max(1.0, 2 * self._variances[place] ** 2 / spread)) if spread > 0 else float("inf")


def _differentiate_twice(function: Callable[[Array], float], point: Array, shifts: Array, steps: Array) -> Array:
    size = len(point)
    hessian = np.empty((size, size))
    centre = function(point)
    for i in range(size):
        both = function(point + shifts[i]) + function(point - shifts[i])
        hessian[i, i] = (both - 2 * centre) / steps[i] ** 2
        for j in range(i):
            corners = [function(point + a * shifts[i] + b * shifts[j]) * a * b for a in (1, -1) for b in (1, -1)]
            hessian[i, j] = hessian[j, i] = sum(corners) / (4 * steps[i] * steps[j])
    return hessian
