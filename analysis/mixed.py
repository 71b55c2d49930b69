"""Crossed mixed models of a binary outcome, fitted by Laplace's approximation with numpy and scipy alone.

    fit("said_machine ~ x * arm + (1 + x | participant) + (1 | title) + (1 | item)", frame, link="probit")

gives what R's `glmer` gives (lme4, nAGQ = 1): coefficients, their standard errors from the Hessian of -2ℓ, θ (the
triangles Λ of the random parts, Σ = ΛΛᵀ), the log likelihood and the conditional modes. A variance of 0 is an answer
(`boundary`), never an error. Standard errors are given for coefficients only: the likelihood of a variance is far from
normal. Assumes that coefficients of a part are normal, and that outcomes are independent given them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import linalg, optimize, stats
from threadpoolctl import threadpool_limits

from analysis.mixed_formula import Design, RandomPart, build_design
from analysis.mixed_laplace import Laplace, Value
from analysis.mixed_links import LinkName, derive
from analysis.mixed_system import Factor

Array = NDArray[np.float64]
START = 0.4  # the standard deviations that the search begins at
BOUNDARY = 1e-4  # a standard deviation below this is one of 0
STEP = 2e-3  # of the differences of gradients, in units of about a standard error
LARGEST = 12.0  # a linear predictor beyond this is a probability of 0 or 1: the arm is all right or all wrong
MOST_STEPS = 300
ASTRAY = 1e12  # -2ℓ of a point that cannot be worked out, so that the search takes a shorter step
WORTH_THREADS = 2_000_000  # numbers in the block that couples the eliminated part with the others


class NoFitError(ValueError):
    """The model cannot be fitted to these rows; the message says why and what to do."""


@dataclass(frozen=True)
class Component:
    """A random part: standard deviations of its coefficients (link units) and their correlations (q x q)."""

    group: str
    names: tuple[str, ...]
    levels: int
    sd: tuple[float, ...]
    correlation: Array
    covariance: Array


@dataclass(frozen=True)
class Modes:
    """What is expected of every level given the data (levels x q), and its conditional standard deviation."""

    group: str
    names: tuple[str, ...]
    levels: tuple[str, ...]
    values: Array
    sd: Array


@dataclass(frozen=True)
class Diagnostics:
    """How the search ended.

    `gradient`: the largest |slope| of -2ℓ, in units of about a standard error of each parameter.
    `separated`: some rows are fitted with a probability of 0 or 1, so that their coefficients have no finite estimate.
    `dispersion`: sum of squared Pearson residuals given the modes, over rows; far above 1 is a model that does not fit.
    """

    converged: bool
    gradient: float
    evaluations: int
    boundary: tuple[str, ...]
    separated: bool
    dispersion: float
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class MixedFit:
    """A fitted model. `covariance` (p x p) is of the coefficients; where -2ℓ has no minimum in them it holds NaN."""

    formula: str
    link: LinkName
    names: tuple[str, ...]
    coefficients: Array
    covariance: Array
    theta: Array
    components: tuple[Component, ...]
    log_likelihood: float
    observations: int
    modes: tuple[Modes, ...]
    diagnostics: Diagnostics
    linear_predictor: Array = field(repr=False)

    @property
    def standard_errors(self) -> Array:
        with np.errstate(invalid="ignore"):
            result: Array = np.sqrt(np.diag(self.covariance))
        return result

    @property
    def parameters(self) -> int:
        return len(self.coefficients) + len(self.theta)

    def coefficient(self, name: str) -> float:
        return float(self.coefficients[self.names.index(name)])

    def combine(self, weights: Mapping[str, float]) -> tuple[float, float]:
        """A linear combination of coefficients, and its standard error."""
        line = np.array([weights.get(name, 0.0) for name in self.names])
        return float(line @ self.coefficients), float(np.sqrt(line @ self.covariance @ line))

    def modes_of(self, group: str) -> Modes:
        return next(modes for modes in self.modes if modes.group == group)

    def total_variance(self, loadings: Mapping[str, Mapping[str, float]]) -> float:
        """zᵀΣz over the parts: the variance that the random coefficients add to a linear predictor whose row has
        `loadings[group][name]`. By it a conditional probit coefficient β becomes a marginal one, β / √(1 + variance).
        """
        found = 0.0
        for part in self.components:
            line = np.array([loadings.get(part.group, {}).get(name, 0.0) for name in part.names])
            found += float(line @ part.covariance @ line)
        return found


def fit(
    formula: str,
    frame: pl.DataFrame,
    *,
    link: LinkName = "probit",
    levels: Mapping[str, Sequence[str]] | None = None,
    trials: str | None = None,
    with_modes: bool = True,
) -> MixedFit:
    """Fit a formula (`mixed_formula`) to the rows of a frame.

    `trials` names the column of trials a row where the outcome counts successes; `levels` orders the factors.

    Raises:
        FormulaError: the formula does not suit the frame.
        NoFitError: fewer than two rows, an outcome that is always the same, a group with one level, or answers for
            which no maximum could be found.
        TooManyLevelsError: more crossed coefficients than can be held.
    """
    design = build_design(formula, frame, levels=levels)
    counts = None if trials is None else frame[trials].cast(pl.Float64).to_numpy()
    _check(design, counts)
    objective = Laplace(design.y, design.x, design.random, link=link, trials=counts)
    # below this the matrices are so small that threads wait for each other longer than they work
    few = objective.structure.levels * objective.structure.q * objective.structure.m < WORTH_THREADS
    with threadpool_limits(limits=1 if few else None, user_api="blas"):
        try:
            search = _Search(objective, design)
            search.run()
            return search.describe(with_modes=with_modes)
        except (np.linalg.LinAlgError, linalg.LinAlgError) as error:
            raise NoFitError("these answers are too few, or too much alike, for this model") from error


def _check(design: Design, counts: Array | None) -> None:
    if not design.random:
        raise NoFitError(f"{design.formula!r}: a mixed model needs a random term, such as (1 | participant)")
    share = design.y / (1.0 if counts is None else counts)
    if len(share) < 2 or share.max() == share.min() in (0.0, 1.0):
        raise NoFitError("every answer is the same, so that no model can say what it hangs on")
    single = [part.group for part in design.random if len(part.levels) < 2]
    if single:
        raise NoFitError(f"{single[0]} has one level, so that nothing can be said of how its levels differ")


class _Search:
    """The outer minimum over (β, θ), in coordinates where each step of 1 is about a standard error."""

    def __init__(self, objective: Laplace, design: Design) -> None:
        self.objective = objective
        self.design = design
        self.p = design.x.shape[1]
        self.evaluations = 0
        theta = np.array([START if bound == 0.0 else 0.0 for bound in objective.lower_bounds])
        self.point = np.concatenate([self._start_coefficients(), theta])
        self.scale = np.eye(len(self.point))
        self.value = self.evaluate(self.point)

    def _start_coefficients(self) -> Array:
        """Those of the model without random parts, by a few steps of Fisher scoring, widened as their variance asks."""
        o = self.objective
        beta = np.zeros(self.p)
        for _ in range(15):
            at = derive(o.link, o.x @ beta, o.y, o.trials)
            information = o.x.T @ (o.x * at.fisher[:, None]) + 1e-6 * np.eye(self.p)
            beta = np.clip(beta + np.linalg.solve(information, o.x.T @ at.score), -6.0, 6.0)
        return beta * 1.15

    def evaluate(self, point: Array) -> Value:
        self.evaluations += 1
        return self.objective.evaluate(point[: self.p], point[self.p :])

    def run(self) -> None:
        """Minimise; leave a boundary that only looked like the minimum; end with Newton's step."""
        self._precondition()
        self._descend()
        for _ in range(3):
            lower = self._find_lower_off_boundary()
            if lower is None:
                break
            self.point = lower
            self._descend()

    def _precondition(self) -> None:
        """Scales from the curvature at the start: β's information with the random parts projected out, θ's by steps."""
        value = self.value
        information = project_information(self.objective, value, self.point[self.p :])
        self.scale[: self.p, : self.p] = np.linalg.inv(np.linalg.cholesky(information)).T
        for position in range(self.p, len(self.point)):
            moved = self.point.copy()
            moved[position] += 0.02
            slope = (self.evaluate(moved).gradient[position] - value.gradient[position]) / 0.02
            self.scale[position, position] = np.sqrt(2 / max(slope, 2.0))

    def _descend(self) -> None:
        origin, scale = self.point.copy(), self.scale

        def compute(z: Array) -> tuple[float, Array]:
            try:
                value = self.evaluate(origin + scale @ z)
            except np.linalg.LinAlgError:
                return ASTRAY, np.zeros_like(z)
            if not np.isfinite(value.deviance) or not np.isfinite(value.gradient).all():
                return ASTRAY, np.zeros_like(z)
            return value.deviance, scale.T @ value.gradient

        bounds: list[tuple[float | None, float | None]] = [(None, None)] * self.p
        for position, bound in enumerate(self.objective.lower_bounds, start=self.p):
            least = None if bound is None else (bound - origin[position]) / scale[position, position]
            bounds.append((least, None))
        result = optimize.minimize(
            compute,
            np.zeros(len(origin)),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": MOST_STEPS, "maxcor": 30, "ftol": 1e-13, "gtol": 1e-5},
        )
        self.point = origin + scale @ result.x
        theta = self.point[self.p :]
        at_zero = np.array([bound == 0.0 for bound in self.objective.lower_bounds])
        theta[at_zero & (theta < BOUNDARY)] = 0.0
        self.value = self.evaluate(self.point)

    def _find_lower_off_boundary(self) -> Array | None:
        """-2ℓ is even in a lone standard deviation, so 0 always looks like a minimum: try a small one instead."""
        for position in range(self.p, len(self.point)):
            if self.objective.lower_bounds[position - self.p] == 0.0 and self.point[position] == 0.0:
                tried = self.point.copy()
                tried[position] = 0.05
                if self.evaluate(tried).deviance < self.value.deviance - 1e-7:
                    tried[position] = 0.2
                    return tried
        return None

    def _free(self) -> NDArray[np.intp]:
        """The parameters that are not held at a boundary; a triangle's row follows its diagonal."""
        held = set()
        start = self.p
        for rows, columns in self.objective.triangles:
            theta = self.point[start : start + len(rows)]
            zero = {r for r, c, value in zip(rows, columns, theta, strict=True) if r == c and value == 0.0}
            held |= {start + i for i, (r, c) in enumerate(zip(rows, columns, strict=True)) if r in zero and r == c}
            held |= {start + i for i, (r, c) in enumerate(zip(rows, columns, strict=True)) if c in zero}
            start += len(rows)
        return np.array([position for position in range(len(self.point)) if position not in held], dtype=np.intp)

    def _curvature(self, free: NDArray[np.intp]) -> Array:
        """The Hessian of -2ℓ in the scaled coordinates, by central differences of the exact gradient."""
        scale = self.scale[:, free]
        hessian = np.empty((len(free), len(free)))
        for column in range(len(free)):
            slopes = [
                scale.T @ self.evaluate(self.point + sign * STEP * scale[:, column]).gradient for sign in (1.0, -1.0)
            ]
            hessian[:, column] = (slopes[0] - slopes[1]) / (2 * STEP)
        return (hessian + hessian.T) / 2

    def _polish(self, free: NDArray[np.intp], hessian: Array) -> None:
        """Newton's last step, taken where it leads down."""
        scale = self.scale[:, free]
        try:
            step = -np.linalg.solve(hessian, scale.T @ self.value.gradient)
        except np.linalg.LinAlgError:
            return
        moved = self.point + scale @ step
        tried = self.evaluate(moved)
        if tried.deviance <= self.value.deviance + 1e-10 * abs(self.value.deviance):
            self.point, self.value = moved, tried

    def describe(self, *, with_modes: bool) -> MixedFit:
        free = self._free()
        hessian = self._curvature(free)
        self._polish(free, hessian)
        value, o = self.value, self.objective
        scale = self.scale[:, free]
        covariance = np.full((self.p, self.p), np.nan)
        if np.linalg.eigvalsh(hessian).min() > 1e-8:
            covariance = (2 * scale @ np.linalg.inv(hessian) @ scale.T)[: self.p, : self.p]
        theta = self.point[self.p :]
        factors = o.unfold(theta)
        steepest = float(np.abs(scale.T @ value.gradient).max())
        fitted = np.empty(len(value.eta))
        fitted[o.structure.order] = value.eta
        return MixedFit(
            formula=self.design.formula,
            link=o.link,
            names=self.design.names,
            coefficients=self.point[: self.p].copy(),
            covariance=covariance,
            theta=theta.copy(),
            components=tuple(map(_describe_part, self.design.random, factors)),
            log_likelihood=-value.deviance / 2,
            observations=len(self.design.y),
            modes=self._describe_modes(factors) if with_modes else (),
            diagnostics=Diagnostics(
                converged=steepest < 1e-2 and bool(np.isfinite(covariance).all()),
                gradient=steepest,
                evaluations=self.evaluations,
                boundary=self._name_boundaries(theta),
                separated=bool(np.abs(o.x @ self.point[: self.p]).max() > LARGEST) or _is_separated(o, value),
                dispersion=_disperse(o, value),
                dropped=self.design.dropped,
            ),
            linear_predictor=fitted,
        )

    def _name_boundaries(self, theta: Array) -> tuple[str, ...]:
        found, start = [], 0
        for part, (rows, columns) in zip(self.design.random, self.objective.triangles, strict=True):
            for row, column, value in zip(rows, columns, theta[start:], strict=False):
                if row == column and abs(value) < BOUNDARY:
                    found.append(f"{part.names[row]} | {part.group}")
            start += len(rows)
        return tuple(found)

    def _describe_modes(self, factors: Sequence[Array]) -> tuple[Modes, ...]:
        s = self.objective.structure
        factor, _ = self.objective.factor_at(self.value, self.point[self.p :])
        own = factor.own_covariances()
        found = []
        for number, (part, triangle) in enumerate(zip(self.design.random, factors, strict=True)):
            blocks = own if number == s.eliminated else _cut_blocks(s.offsets[number], part, factor)
            spread = np.einsum("ij,ljk,ik->li", triangle, blocks, triangle)
            values = s.part_values(self.value.mode, number) @ triangle.T
            found.append(Modes(part.group, part.names, part.levels, values, np.sqrt(spread)))
        return tuple(found)


def project_information(objective: Laplace, value: Value, theta: Array) -> Array:
    """The information on β with the random parts projected out: the inverse of its covariance, were θ known."""
    o, s = objective, objective.structure
    factor, loadings = o.factor_at(value, theta)
    weights = derive(o.link, value.eta, o.y, o.trials).fisher
    weighted = o.x * weights[:, None]
    projected = np.empty_like(weighted)
    for column in range(o.x.shape[1]):
        back = s.predict(loadings, factor.solve(s.collect(loadings, weighted[:, column])))
        projected[:, column] = weighted[:, column] - weights * back
    information = o.x.T @ projected
    ridge = 1e-8 * np.trace(weighted.T @ o.x) / max(o.x.shape[1], 1)
    result: Array = (information + information.T) / 2 + ridge * np.eye(o.x.shape[1])
    return result


def _cut_blocks(offset: int, part: RandomPart, factor: Factor) -> Array:
    """The q x q blocks of one part on the diagonal of S⁻¹."""
    q = len(part.names)
    places = offset + np.arange(len(part.levels))[:, None] * q + np.arange(q)
    result: Array = factor.rest_inverse[places[:, :, None], places[:, None, :]]
    return result


def _describe_part(part: RandomPart, triangle: Array) -> Component:
    covariance = triangle @ triangle.T
    sd = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = covariance / np.outer(sd, sd)
    np.fill_diagonal(correlation, 1.0)
    return Component(
        group=part.group,
        names=part.names,
        levels=len(part.levels),
        sd=tuple(map(float, sd)),
        correlation=correlation,
        covariance=covariance,
    )


def _is_separated(objective: Laplace, value: Value) -> bool:
    weights = derive(objective.link, value.eta, objective.y, objective.trials).fisher
    return bool((weights / objective.trials < 1e-9).any())


def _disperse(objective: Laplace, value: Value) -> float:
    """Σ (y - mμ)² / (mμ(1 - μ)) over rows: the score's square over the Fisher weight."""
    at = derive(objective.link, value.eta, objective.y, objective.trials)
    return float((at.score**2 / np.maximum(at.fisher, 1e-12)).sum() / len(value.eta))


def compare_variance(full: MixedFit, without: MixedFit) -> tuple[float, float]:
    """Likelihood ratio of one variance against 0, and its p from ½χ²₀ + ½χ²₁ (Self & Liang 1987)."""
    ratio = max(0.0, 2 * (full.log_likelihood - without.log_likelihood))
    return ratio, 1.0 if ratio < 1e-5 else float(stats.chi2.sf(ratio, 1) / 2)
