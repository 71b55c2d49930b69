"""-2 log likelihood of a mixed model of a binary outcome by Laplace's approximation, and its gradient.

With u the spherical random coefficients, η = Xβ + ZΛ(θ)u and û the mode of log p(y | u) - |u|²/2:

    -2ℓ(β, θ) = -2 Σ log p(y | η̂) + |û|² + log|Λᵀ Zᵀ W Z Λ + I|

W are Fisher weights, as lme4 takes them (Bates et al. 2015; equal to the observed ones for the logit). θ holds the
lower triangles of Λ, part by part, row by row. The gradient is exact: the mode moves with β and θ by the implicit
function theorem, and the determinant with every row's own entries of H⁻¹ (see `mixed_system`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from analysis.mixed_formula import RandomPart
from analysis.mixed_links import Derivatives, LinkName, derive, log_probability
from analysis.mixed_system import Factor, Loadings, Structure, Vector

Array = NDArray[np.float64]
DECREMENT = 1e-17  # of the inner problem: the mode is known to about 1e-8
STEPS = 60


@dataclass(frozen=True)
class Value:
    """The objective at one point; `gradient` is with respect to β, then θ."""

    deviance: float
    gradient: Array
    mode: Vector
    eta: Array
    inner_steps: int


class Laplace:
    """The objective over one data set. Rows are kept in the order of `structure`."""

    def __init__(
        self, y: Array, x: Array, parts: Sequence[RandomPart], *, link: LinkName, trials: Array | None = None
    ) -> None:
        self.structure = Structure(parts)
        order = self.structure.order
        self.link: LinkName = link
        self.trials = np.ones(len(y)) if trials is None else np.asarray(trials, dtype=float)[order]
        self.y = y[order]
        self.x = np.ascontiguousarray(x[order])
        self.shapes = [len(part.names) for part in parts]
        self.triangles = [np.tril_indices(size) for size in self.shapes]
        self.n_theta = sum(len(rows) for rows, _ in self.triangles)
        constant = gammaln(self.trials + 1) - gammaln(self.y + 1) - gammaln(self.trials - self.y + 1)
        self._constant = -2 * float(constant.sum())
        self._mode = self.structure.zeros()

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

    def evaluate(self, beta: Array, theta: Array) -> Value:
        """The objective and its gradient; the mode found last is where the next search begins."""
        loadings = self.structure.load(self.unfold(theta))
        fixed = self.x @ beta
        mode, eta, steps = self._find_mode(fixed, loadings)
        self._mode = mode
        at = derive(self.link, eta, self.y, self.trials)
        factor = Factor(self.structure, loadings, at.fisher)
        penalised = -2 * float(log_probability(self.link, eta, self.y, self.trials).sum()) + mode.dot(mode)
        return Value(
            deviance=penalised + factor.log_determinant + self._constant,
            gradient=self._derive(at, loadings=loadings, factor=factor, mode=mode),
            mode=mode,
            eta=eta,
            inner_steps=steps,
        )

    def factor_at(self, value: Value, theta: Array) -> tuple[Factor, Loadings]:
        """H at a point that was evaluated, for the modes' variances."""
        loadings = self.structure.load(self.unfold(theta))
        fisher = derive(self.link, value.eta, self.y, self.trials).fisher
        return Factor(self.structure, loadings, fisher), loadings

    def _find_mode(self, fixed: Array, loadings: Loadings) -> tuple[Vector, Array, int]:
        """Newton with step halving; a factor is kept for as long as it brings the decrement down tenfold a step."""
        s = self.structure
        u = self._mode
        eta = fixed + s.predict(loadings, u)
        best = self._penalise(eta, u)
        factor: Factor | None = None
        last = np.inf
        for step in range(1, STEPS + 1):
            at = derive(self.link, eta, self.y, self.trials)
            if factor is None:
                factor = Factor(s, loadings, at.observed)
            slope = s.collect(loadings, at.score).plus(-1.0, u)
            move = factor.solve(slope)
            decrement = slope.dot(move)
            if decrement < DECREMENT * max(1.0, abs(best)):
                return u, eta, step
            along = s.predict(loadings, move)
            length = 1.0
            while length > 1e-10:
                tried = u.plus(length, move)
                value = self._penalise(eta + length * along, tried)
                if value <= best + 1e-9 * abs(best):
                    break
                length /= 2
            else:
                return u, eta, step
            u, eta, best = tried, eta + length * along, value
            factor = factor if decrement < 0.1 * last and length == 1.0 else None
            last = decrement if factor is not None else np.inf
        return u, eta, STEPS

    def _penalise(self, eta: Array, u: Vector) -> float:
        return -2 * float(log_probability(self.link, eta, self.y, self.trials).sum()) + u.dot(u)

    def _derive(self, at: Derivatives, *, loadings: Loadings, factor: Factor, mode: Vector) -> Array:
        """d(-2ℓ)/d(β, θ).

        With h each row's variance zΛH⁻¹Λᵀz, v = (dw/dη) h, and ã = ZΛa for a = H_observed⁻¹ ΛᵀZᵀ v (how the determinant
        follows the mode), a change of η by e changes the objective by (-2 score + v - ã w_observed)ᵀ e; θ moves η by
        z u, and the determinant and the mode's equation by their own Λ.
        """
        s = self.structure
        entries = factor.own_entries()
        h = np.einsum("nq,nq->n", loadings.own, entries.own) + np.einsum("nb,nb->n", loadings.rest, entries.rest)
        v = at.fisher_slope * h
        observed = factor if self.link == "logit" else Factor(s, loadings, at.observed)
        adjoint = observed.solve(s.collect(loadings, v))
        along = -2 * at.score + v - s.predict(loadings, adjoint) * at.observed
        slopes = [self.x.T @ along]
        width = 0
        for number, (rows, columns) in enumerate(self.triangles):
            size = self.shapes[number]
            own = number == s.eliminated
            entry = entries.own if own else entries.rest[:, width : width + size]
            width += 0 if own else size
            u = s.part_values(mode, number)[s.indices[number]]
            a = s.part_values(adjoint, number)[s.indices[number]]
            per_row = along[:, None] * u + 2 * at.fisher[:, None] * entry + at.score[:, None] * a
            table = s.columns[number].T @ per_row  # d/dΛ[j, l] = Σ z_j (…)_l
            slopes.append(table[rows, columns])
        return np.concatenate(slopes)


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
