"""The linear algebra of a mixed model: H = Λᵀ Zᵀ W Z Λ + I, factored by blocks.

One random part (the eliminated one: that with the most coefficients, as participants) makes H's upper left block A
block-diagonal, q x q a level. What is left is the Schur complement S = I + D - Cᵀ A⁻¹ C, m x m and dense, over all
other parts (titles, items). A level of the eliminated part touches few rows, so products with C are taken row by row
and only S is ever stored: memory grows with rows + m². The same blocks give each row's own entries of H⁻¹ Λᵀ z, of
which the gradient of log|H| is made (the selected inverse; Bates et al. 2015, J. Stat. Softw. 67(1), §3 for H).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from analysis.mixed_formula import RandomPart

Array = NDArray[np.float64]
Index = NDArray[np.intp]
CHUNK = 4_000_000  # numbers held at once while levels are worked through
MOST_DENSE = 6_000  # coefficients of the parts that are not eliminated; S takes 8 bytes times their square


class TooManyLevelsError(ValueError):
    """The parts that are not eliminated have more coefficients than a dense matrix can hold."""


@dataclass(frozen=True)
class Vector:
    """Something per random coefficient: `own` (levels x q) of the eliminated part, `rest` (m) of the others."""

    own: Array
    rest: Array

    def dot(self, other: "Vector") -> float:
        return float(np.vdot(self.own, other.own) + np.vdot(self.rest, other.rest))

    def plus(self, step: float, other: "Vector") -> "Vector":
        return Vector(self.own + step * other.own, self.rest + step * other.rest)


@dataclass(frozen=True)
class Loadings:
    """Λᵀz of every row at its own levels: `own` (n x q), `rest` (n x b, b coefficients of the other parts a row)."""

    own: Array
    rest: Array


def _scatter(places: Index, values: Array, size: int) -> Array:
    """Sums of `values` at their places, a vector of `size`."""
    return np.asarray(np.bincount(places.ravel(), values.ravel(), minlength=size), dtype=np.float64)


class Structure:
    """Which coefficients each row touches. Rows are put in the order of the eliminated part's levels (`order`)."""

    def __init__(self, parts: Sequence[RandomPart]) -> None:
        if not parts:
            raise ValueError("a mixed model needs a random term")
        sizes = [len(part.levels) * len(part.names) for part in parts]
        self.eliminated = int(np.argmax(sizes))
        self.parts = tuple(parts)
        self.order = np.argsort(parts[self.eliminated].index, kind="stable")
        self.columns = [part.columns[self.order] for part in parts]
        self.indices = [part.index[self.order] for part in parts]
        self.group = self.indices[self.eliminated]
        self.levels = len(parts[self.eliminated].levels)
        self.q = len(parts[self.eliminated].names)
        self.starts = np.searchsorted(self.group, np.arange(self.levels))
        self.lengths = np.diff(np.append(self.starts, len(self.group)))
        self.others = [number for number in range(len(parts)) if number != self.eliminated]
        offsets = np.cumsum([0, *(sizes[number] for number in self.others)])
        self.m = int(offsets[-1])
        if self.m > MOST_DENSE:
            raise TooManyLevelsError(
                f"{self.m:,} coefficients of {', '.join(parts[number].group for number in self.others)}; "
                f"at most {MOST_DENSE:,} can be worked with beside {parts[self.eliminated].group}"
            )
        self.offsets = {number: int(offset) for number, offset in zip(self.others, offsets, strict=False)}
        places = [
            self.offsets[number]
            + self.indices[number][:, None] * len(parts[number].names)
            + np.arange(len(parts[number].names))
            for number in self.others
        ]
        self.places: Index = np.hstack(places) if places else np.empty((len(self.group), 0), dtype=np.intp)

    def load(self, factors: Sequence[Array]) -> Loadings:
        """Λᵀz of every row; `factors` are the parts' q x q lower triangles Λ, in their order."""
        loaded = [columns @ factor for columns, factor in zip(self.columns, factors, strict=True)]
        rest = [loaded[number] for number in self.others]
        return Loadings(own=loaded[self.eliminated], rest=np.hstack(rest) if rest else np.empty((len(self.group), 0)))

    def predict(self, loadings: Loadings, u: Vector) -> Array:
        """ZΛu, a row each."""
        own: Array = np.einsum("nq,nq->n", loadings.own, u.own[self.group])
        if not self.m:
            return own
        result: Array = own + np.einsum("nb,nb->n", loadings.rest, u.rest[self.places])
        return result

    def collect(self, loadings: Loadings, values: Array) -> Vector:
        """ΛᵀZᵀ values."""
        own = self._sum_levels(loadings.own * values[:, None])
        return Vector(own, _scatter(self.places, loadings.rest * values[:, None], self.m))

    def zeros(self) -> Vector:
        return Vector(np.zeros((self.levels, self.q)), np.zeros(self.m))

    def part_values(self, u: Vector, number: int) -> Array:
        """The coefficients of one part, levels x q."""
        if number == self.eliminated:
            return u.own
        part = self.parts[number]
        start = self.offsets[number]
        return u.rest[start : start + len(part.levels) * len(part.names)].reshape(len(part.levels), len(part.names))

    def _sum_levels(self, rows: Array) -> Array:
        """Sums over each level of the eliminated part; every level has a row."""
        result: Array = np.add.reduceat(rows, self.starts, axis=0)
        return result

    def chunks(self, width: int) -> Iterator[slice]:
        """Levels a few at a time, so that `width` numbers each stay within CHUNK."""
        step = max(1, CHUNK // max(width, 1))
        for start in range(0, self.levels, step):
            yield slice(start, min(start + step, self.levels))

    @cached_property
    def batches(self) -> list[tuple[Index, NDArray[np.bool_]]]:
        """Rows of levels of like length, padded: (levels x longest) row numbers, and which are real."""
        order = np.argsort(self.lengths, kind="stable")
        width = max(self.places.shape[1], 1)
        found: list[tuple[Index, NDArray[np.bool_]]] = []
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end + 1 - start) * (self.lengths[order[end]] * width) ** 2 <= CHUNK:
                if self.lengths[order[end]] > 1.5 * self.lengths[order[start]] + 4:
                    break
                end += 1
            levels = order[start:end]
            steps = np.arange(self.lengths[levels[-1]])
            real = steps[None, :] < self.lengths[levels][:, None]
            found.append((np.where(real, self.starts[levels][:, None] + steps[None, :], 0), real))
            start = end
        return found


class Factor:
    """H factored at weights W (n) and loadings Λᵀz."""

    def __init__(self, structure: Structure, loadings: Loadings, weights: Array) -> None:
        self._structure = structure
        self._loadings = loadings
        self._weights = weights
        s = structure
        weighted = loadings.own * weights[:, None]
        blocks = s._sum_levels(weighted[:, :, None] * loadings.own[:, None, :]) + np.eye(s.q)
        lower = np.linalg.cholesky(blocks)
        self._own_root = np.linalg.inv(lower)  # triangles of one to a few rows
        self.own_inverse = np.swapaxes(self._own_root, 1, 2) @ self._own_root
        self.log_determinant = 2 * float(np.log(np.diagonal(lower, axis1=1, axis2=2)).sum())
        if s.m:
            self._schur = linalg.cho_factor(
                self._complement(weighted), lower=True, overwrite_a=True, check_finite=False
            )
            self.log_determinant += 2 * float(np.log(np.diagonal(self._schur[0])).sum())

    def _complement(self, weighted: Array) -> Array:
        """S, m x m."""
        s, rest = self._structure, self._loadings.rest
        cells = s.places[:, :, None] * s.m + s.places[:, None, :]
        products = (rest * self._weights[:, None])[:, :, None] * rest[:, None, :]
        schur = _scatter(cells, products, s.m * s.m).reshape(s.m, s.m)
        schur[np.diag_indices(s.m)] += 1
        for levels in s.chunks(s.q * s.m):
            count = levels.stop - levels.start
            first = s.starts[levels.start]
            rows = slice(first, s.starts[levels.stop] if levels.stop < s.levels else len(s.group))
            line = (s.group[rows] - levels.start)[:, None] * s.q + np.arange(s.q)
            cells = line[:, :, None] * s.m + s.places[rows][:, None, :]
            products = weighted[rows][:, :, None] * rest[rows][:, None, :]
            crossed = _scatter(cells, products, count * s.q * s.m)
            scaled = (self._own_root[levels] @ crossed.reshape(count, s.q, s.m)).reshape(count * s.q, s.m)
            schur -= scaled.T @ scaled
        return schur

    def solve(self, right: Vector) -> Vector:
        """H⁻¹ right."""
        s, loadings, weights = self._structure, self._loadings, self._weights
        own = np.einsum("lqr,lr->lq", self.own_inverse, right.own)
        if not s.m:
            return Vector(own, right.rest)
        along = weights * np.einsum("nq,nq->n", loadings.own, own[s.group])
        crossed = _scatter(s.places, loadings.rest * along[:, None], s.m)
        rest = linalg.cho_solve(self._schur, right.rest - crossed, check_finite=False)
        back = weights * np.einsum("nb,nb->n", loadings.rest, rest[s.places])
        own = own - np.einsum("lqr,lr->lq", self.own_inverse, s._sum_levels(loadings.own * back[:, None]))
        return Vector(own, rest)

    @cached_property
    def rest_inverse(self) -> Array:
        """S⁻¹, the block of H⁻¹ that belongs to the parts that are not eliminated."""
        if not self._structure.m:
            return np.empty((0, 0))
        result: Array = linalg.cho_solve(self._schur, np.eye(self._structure.m), check_finite=False)
        return result

    def own_entries(self) -> Loadings:
        """H⁻¹Λᵀz of every row at the row's own levels (n x q and n x b).

        With a, b the row's loadings, and s, t rows of one level: M = I - (a_t A⁻¹ a_sᵀ) w_s takes the rows to what is
        left of b when A is eliminated, so that the other parts' entries are M·(b S⁻¹), and the own part's
        A⁻¹(a_t - Σ_s w_s a_s (M b S⁻¹ bᵀ)_ts).
        """
        s = self._structure
        own, rest = np.empty_like(self._loadings.own), np.empty_like(self._loadings.rest)
        for rows, real in s.batches:
            inverse = self.own_inverse[s.group[rows[:, 0]]]
            a = self._loadings.own[rows] * real[:, :, None]
            own_part = a
            if s.m:
                w = self._weights[rows] * real
                b = self._loadings.rest[rows] * real[:, :, None]
                left, spread, gram = self._spread(rows, inverse, a=a, b=b, w=w)
                entries = np.einsum("pts,pstb->ptb", left, spread)
                rest[rows[real]] = entries[real]
                own_part = a - ((left @ gram) * w[:, None, :]) @ a
            own[rows[real]] = (own_part @ inverse)[real]
        return Loadings(own=own, rest=rest)

    def _spread(self, rows: Index, inverse: Array, *, a: Array, b: Array, w: Array) -> tuple[Array, Array, Array]:
        """M (levels x T x T), b S⁻¹ at the level's places (levels x T x T x b), and b S⁻¹ bᵀ (levels x T x T)."""
        count, longest, width = b.shape
        places = self._structure.places[rows].reshape(count, longest * width)
        local = self.rest_inverse[places[:, :, None], places[:, None, :]]
        spread = np.einsum("ptb,ptbx->ptx", b, local.reshape(count, longest, width, longest * width))
        spread = spread.reshape(count, longest, longest, width)
        gram = np.einsum("ptsb,psb->pts", spread, b)
        left = np.eye(longest) - ((a @ inverse) @ np.swapaxes(a, 1, 2)) * w[:, None, :]
        return left, spread, gram

    def own_covariances(self) -> Array:
        """The blocks of H⁻¹ of the eliminated part, levels x q x q: A⁻¹ + A⁻¹ C S⁻¹ Cᵀ A⁻¹."""
        s = self._structure
        blocks = self.own_inverse.copy()
        if not s.m:
            return blocks
        for rows, real in s.batches:
            levels = s.group[rows[:, 0]]
            a = self._loadings.own[rows] * (self._weights[rows] * real)[:, :, None]
            b = self._loadings.rest[rows] * real[:, :, None]
            _, _, gram = self._spread(rows, self.own_inverse[levels], a=a, b=b, w=np.zeros(rows.shape))
            middle = np.swapaxes(a, 1, 2) @ gram @ a
            blocks[levels] += self.own_inverse[levels] @ middle @ self.own_inverse[levels]
        return blocks
