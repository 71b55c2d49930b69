"""-2 log likelihood of a mixed model of a binary outcome by Laplace's approximation, and its gradient.

With u the spherical random coefficients, η = Xβ + ZΛ(θ)u and û the mode of log p(y | u) - |u|²/2:

    -2ℓ(β, θ) = -2 Σ log p(y | η̂) + |û|² + log|Λᵀ Zᵀ W Z Λ + I|

W are Fisher weights, as lme4 takes them (Bates et al. 2015; equal to the observed ones for the logit). θ holds the
lower triangles of Λ, part by part, row by row. The gradient is exact: the mode moves with β and θ by the implicit
function theorem, and the determinant with every row's own entries of H⁻¹ (see `mixed_system`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from analysis.mixed_fixed import FixedPart
from analysis.mixed_formula import RandomPart
from analysis.mixed_links import Derivatives, LinkName, derive, join
from analysis.mixed_structure import Loadings, Structure, Vector
from analysis.mixed_system import Factor

Array = NDArray[np.float64]
DECREMENT = 1e-17  # of the inner problem, over -2 log p: the mode is known to about 1e-8
STEPS = 60
PIECE = 50_000  # rows whose derivatives are worked out at a time


@dataclass(frozen=True)
class Value:
    """The objective at one point; `gradient` is with respect to β, then θ; `factor` is of H with Fisher weights."""

    deviance: float
    gradient: Array
    mode: Vector
    eta: Array
    inner_steps: int
    factor: Factor = field(repr=False)


class Laplace:
    """The objective over one data set. Rows are kept in the order of `structure`."""

    def __init__(
        self, y: Array, fixed: FixedPart, parts: Sequence[RandomPart], *, link: LinkName, trials: Array | None = None
    ) -> None:
        self.structure = Structure(parts)
        order = self.structure.order
        self.link: LinkName = link
        self.trials = np.ones(len(y)) if trials is None else np.asarray(trials, dtype=float)[order]
        self.y = y[order]
        self.fixed = fixed.take(order=order)
        self.shapes = [len(part.names) for part in parts]
        self.triangles = [np.tril_indices(size) for size in self.shapes]
        self.n_theta = sum(len(rows) for rows, _ in self.triangles)
        constant = gammaln(self.trials + 1) - gammaln(self.y + 1) - gammaln(self.trials - self.y + 1)
        self._constant = -2 * float(constant.sum())
        self._mode = self.structure.zeros()
        self._kept: Factor | None = None
        self.decrement = DECREMENT
        self._pieces = [slice(start, start + PIECE) for start in range(0, max(len(y), 1), PIECE)]

    @property
    def lower_bounds(self) -> list[float | None]:
        """Of θ: no standard deviation is below 0; what is off the diagonal is free."""
        return [0.0 if row == column else None for pair in self.triangles for row, column in zip(*pair, strict=True)]

    def unfold(self, theta: Array) -> list[Array]:
        """Λ of every part."""
        factors, start = [], 0
        for size, (rows, columns) in zip(self.shapes, self.triangles, strict=True):
            factor = np.zeros((size, size))
            factor[rows, columns] = theta[start : start + len(rows)]
            factors.append(factor)
            start += len(rows)
        return factors

    def evaluate(self, beta: Array, theta: Array, *, slope: bool = True) -> Value:
        """The objective and its gradient (unless `slope` is False); the mode found last is where the next search
        begins, with the factor kept last."""
        loadings = self.structure.load(self.unfold(theta))
        place = self._find_mode(self.fixed.predict(beta), loadings)
        self._mode = place.mode
        factor = Factor(self.structure, loadings, place.at.fisher)
        return Value(
            deviance=place.penalised + factor.log_determinant + self._constant,
            gradient=self._derive(place, loadings=loadings, factor=factor) if slope else np.empty(0),
            mode=place.mode,
            eta=place.eta,
            inner_steps=place.steps,
            factor=factor,
        )

    def _find_mode(self, fixed: Array, loadings: Loadings) -> "_Place":
        """Newton with step halving; a factor is kept for as long as it brings the decrement down tenfold a step. The
        last step is the one that is expected to leave a decrement within the tolerance."""
        s = self.structure
        place = self._look(fixed + s.predict(loadings, self._mode), self._mode)
        factor = self._kept
        last = np.inf
        for step in range(1, STEPS + 1):
            if factor is None:
                factor = Factor(s, loadings, place.at.observed)
            slope = s.collect(loadings, place.at.score).plus(-1.0, place.mode)
            move = factor.solve(slope)
            decrement = slope.dot(move)
            along = s.predict(loadings, move)
            reached = decrement if np.isinf(last) else decrement * min(1.0, decrement / last)
            if reached < self.decrement * max(1.0, abs(place.penalised)):
                return replace(self._look(place.eta + along, place.mode.plus(1.0, move)), steps=step)
            place = replace(place, steps=step)
            length = 1.0
            while length > 1e-10:
                tried = self._look(place.eta + length * along, place.mode.plus(length, move))
                if tried.penalised <= place.penalised + 1e-9 * abs(place.penalised):
                    break
                length /= 2
            else:
                return place
            place = tried
            factor = factor if decrement < 0.1 * last and length == 1.0 else None
            last = decrement if factor is not None else np.inf
        return place

    def _look(self, eta: Array, mode: Vector) -> "_Place":
        found = self.structure.threads.apply(
            lambda rows: derive(self.link, eta[rows], self.y[rows], self.trials[rows]), self._pieces
        )
        at = found[0] if len(found) == 1 else join(found)
        return _Place(mode, eta, at, -2 * float(at.log_probability.sum()) + mode.dot(mode))

    def _derive(self, place: "_Place", *, loadings: Loadings, factor: Factor) -> Array:
        """d(-2ℓ)/d(β, θ).

        With h each row's variance zΛH⁻¹Λᵀz, v = (dw/dη) h, and ã = ZΛa for a = H_observed⁻¹ ΛᵀZᵀ v (how the determinant
        follows the mode), a change of η by e changes the objective by (-2 score + v - ã w_observed)ᵀ e; θ moves η by
        z u, and the determinant and the mode's equation by their own Λ.
        """
        s, at, mode = self.structure, place.at, place.mode
        entries, _ = factor.own_entries()
        h = (loadings.own * entries.own).sum(axis=0) + (loadings.rest * entries.rest).sum(axis=0)
        v = at.fisher_slope * h
        self._kept = factor if self.link == "logit" else Factor(s, loadings, at.observed)
        adjoint = self._kept.solve(s.collect(loadings, v))
        along = -2 * at.score + v - s.predict(loadings, adjoint) * at.observed
        slopes = [self.fixed.collect(along)]
        width = 0
        for number, (rows, columns) in enumerate(self.triangles):
            size = self.shapes[number]
            own = number == s.eliminated
            entry = entries.own if own else entries.rest[width : width + size]
            width += 0 if own else size
            u, a = s.part_values(mode, number), s.part_values(adjoint, number)
            for row, column in zip(rows, columns, strict=True):  # d/dΛ[row, column] = Σ z_row (…)_column
                moved = along * s.at_rows(u[:, column], number) + at.score * s.at_rows(a[:, column], number)
                moved += 2 * at.fisher * entry[column]
                slopes.append(np.array([s.columns[number][row] @ moved]))
        return np.concatenate(slopes)


@dataclass(frozen=True)
class _Place:
    """Where the inner search is: the mode, η there with its derivatives, and -2 log p + |u|²."""

    mode: Vector
    eta: Array
    at: Derivatives
    penalised: float
    steps: int = 0


def project_information(objective: Laplace, value: Value) -> Array:
    """The information on β with the random parts projected out: the inverse of its covariance, were θ known."""
    information = value.factor.project(objective.fixed)
    ridge = 1e-8 * np.trace(objective.fixed.gram(value.factor.weights)) / max(len(information), 1)
    result: Array = (information + information.T) / 2 + ridge * np.eye(len(information))
    return result
