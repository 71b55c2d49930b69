"""Which random coefficients each row of a mixed model touches, and products with ZΛ (see `mixed_system`).

Rows stand in the order of the eliminated part's levels, and these in the order of their families (`mixed_families`), so
that the levels of a family are neighbours. What is fixed for a whole fit (where each row's products go) is worked out
once. Arrays are coefficient by row (q x n): a row of theirs is one run of memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.mixed_families import find_families
from analysis.mixed_formula import RandomPart
from analysis.mixed_threads import SideBySide

Array = NDArray[np.float64]
Index = NDArray[np.intp]
CHUNK = 1_000_000  # numbers of C held at once: what a processor's cache holds is worked on soonest
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
    """Λᵀz of every row at its own levels: `own` (q x n), `rest` (b x n, b coefficients of the other parts a row)."""

    own: Array
    rest: Array


@dataclass(frozen=True)
class Block:
    """Neighbouring levels of a family. `cells` (b x rows): where in C (levels x `width`) each row's products go."""

    levels: slice
    rows: slice
    width: int
    cells: Index

    @property
    def count(self) -> int:
        return int(self.levels.stop - self.levels.start)


@dataclass(frozen=True)
class Family:
    """Levels with the columns, of the m, that they touch."""

    columns: Index
    blocks: tuple[Block, ...]


def scatter(places: Index, values: Array, size: int) -> Array:
    """Sums of `values` at their places, a vector of `size`."""
    return np.asarray(np.bincount(places.ravel(), values.ravel(), minlength=size), dtype=np.float64)


class Structure:
    """Which coefficients each row touches. `order` are the rows in the order in which they are kept here, `level_order`
    the eliminated part's levels."""

    def __init__(self, parts: Sequence[RandomPart]) -> None:
        if not parts:
            raise ValueError("a mixed model needs a random term")
        sizes = [len(part.levels) * len(part.names) for part in parts]
        self.eliminated = int(np.argmax(sizes))
        self.parts = tuple(parts)
        self.levels = len(parts[self.eliminated].levels)
        self.q = len(parts[self.eliminated].names)
        self.others = [number for number in range(len(parts)) if number != self.eliminated]
        offsets = np.cumsum([0, *(sizes[number] for number in self.others)])
        self.m = int(offsets[-1])
        if self.m > MOST_DENSE:
            raise TooManyLevelsError(
                f"{self.m:,} coefficients of {', '.join(parts[number].group for number in self.others)}; "
                f"at most {MOST_DENSE:,} can be worked with beside {parts[self.eliminated].group}"
            )
        self.offsets = {number: int(offset) for number, offset in zip(self.others, offsets, strict=False)}
        self.threads = SideBySide(len(parts[0].index))
        self._arrange()

    def _arrange(self) -> None:
        """Put levels in the order of their families, and rows in that of their levels."""
        index = self.parts[self.eliminated].index
        places = self._place()
        family = find_families(index, places, levels=self.levels, size=self.m)
        self.level_order = np.argsort(family, kind="stable")
        self._families = family[self.level_order]
        number = np.empty(self.levels, dtype=np.intp)
        number[self.level_order] = np.arange(self.levels)
        group = number[index]
        self.order = np.argsort(group, kind="stable")
        self.group = group[self.order]
        self.places = np.ascontiguousarray(places[:, self.order])
        self.columns = [np.ascontiguousarray(part.columns[self.order].T) for part in self.parts]
        self.indices = [
            self.group if place == self.eliminated else part.index[self.order] for place, part in enumerate(self.parts)
        ]
        self.starts = np.searchsorted(self.group, np.arange(self.levels))
        self.lengths = np.diff(np.append(self.starts, len(self.group)))

    def _place(self) -> Index:
        """Where among the m coefficients each row's are, b x n."""
        found = [
            self.offsets[number] + self.parts[number].index * len(self.parts[number].names) + place
            for number in self.others
            for place in range(len(self.parts[number].names))
        ]
        return np.array(found, dtype=np.intp).reshape(len(found), len(self.parts[self.eliminated].index))

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The families, each in blocks of at most about CHUNK numbers of C."""
        found = []
        bounds = np.flatnonzero(np.diff(self._families)) + 1
        edges = [0, *(int(bound) for bound in bounds), self.levels]
        for first, last in pairwise(edges):
            rows = self._rows(slice(first, last))
            columns, local = np.unique(self.places[:, rows], return_inverse=True)
            local = local.reshape(self.places[:, rows].shape)
            step = max(1, CHUNK // max(self.q * len(columns), 1))
            blocks = []
            for start in range(first, last, step):
                levels = slice(start, min(start + step, last))
                own = self._rows(levels)
                near = local[:, own.start - rows.start : own.stop - rows.start]
                cells = (self.group[own] - start) * len(columns) + near
                blocks.append(Block(levels, own, len(columns), cells))
            found.append(Family(columns, tuple(blocks)))
        return tuple(found) if self.m else ()

    def _rows(self, levels: slice) -> slice:
        end = int(self.starts[levels.stop]) if levels.stop < self.levels else len(self.group)
        return slice(int(self.starts[levels.start]), end)

    @cached_property
    def _pairs(self) -> list[tuple[int, int, Index, Index]]:
        """Pairs of the other parts' coefficients of a row: which two, their places in S, and each row's among these."""
        found = []
        for i in range(len(self.places)):
            for j in range(i):
                cells, index = np.unique(self.places[i] * self.m + self.places[j], return_inverse=True)
                found.append((i, j, cells, index.reshape(-1)))
        return found

    def pair_sums(self, rest: Array, weights: Array) -> Array:
        """The sums D over rows of w b bᵀ, m x m."""
        total = np.zeros((self.m, self.m))
        flat = total.reshape(-1)
        for i, j, cells, index in self._pairs:
            flat[cells] = np.bincount(index, weights * rest[i] * rest[j], minlength=len(cells))
        total += total.T
        for places, loading in zip(self.places, rest, strict=True):
            total[np.diag_indices(self.m)] += scatter(places, weights * loading**2, self.m)
        return total

    def pair_products(self, matrix: Array, rest: Array) -> Array:
        """M b of every row at its own places, b x n; M is symmetric."""
        diagonal = np.diagonal(matrix)
        found = np.array([diagonal[places] * loading for places, loading in zip(self.places, rest, strict=True)])
        found = found.reshape(rest.shape)
        for i, j, cells, index in self._pairs:
            entries = matrix.reshape(-1)[cells][index]
            found[i] += entries * rest[j]
            found[j] += entries * rest[i]
        return found

    def load(self, factors: Sequence[Array]) -> Loadings:
        """Λᵀz of every row; `factors` are the parts' q x q lower triangles Λ, in their order."""
        loaded = [factor.T @ columns for columns, factor in zip(self.columns, factors, strict=True)]
        rest = [loaded[number] for number in self.others]
        return Loadings(own=loaded[self.eliminated], rest=np.vstack(rest) if rest else np.empty((0, len(self.group))))

    def predict(self, loadings: Loadings, u: Vector) -> Array:
        """ZΛu, a row each."""
        own = self.predict_own(loadings, u.own)
        return own + self.predict_rest(loadings, u.rest) if self.m else own

    def predict_own(self, loadings: Loadings, own: Array) -> Array:
        total = np.zeros(len(self.group))
        for loading, values in zip(loadings.own, own.T, strict=True):
            total += loading * self.spread(values)
        return total

    def predict_rest(self, loadings: Loadings, rest: Array) -> Array:
        total = np.zeros(len(self.group))
        for loading, places in zip(loadings.rest, self.places, strict=True):
            total += loading * rest[places]
        return total

    def collect(self, loadings: Loadings, values: Array) -> Vector:
        """ΛᵀZᵀ values."""
        return Vector(self.collect_own(loadings, values), self.collect_rest(loadings, values))

    def collect_own(self, loadings: Loadings, values: Array) -> Array:
        return np.column_stack([self.sum_levels(loading * values) for loading in loadings.own])

    def collect_rest(self, loadings: Loadings, values: Array) -> Array:
        total = np.zeros(self.m)
        for loading, places in zip(loadings.rest, self.places, strict=True):
            total += scatter(places, loading * values, self.m)
        return total

    def zeros(self) -> Vector:
        return Vector(np.zeros((self.levels, self.q)), np.zeros(self.m))

    def part_values(self, u: Vector, number: int) -> Array:
        """The coefficients of one part, levels x q, in the order in which they are kept here."""
        if number == self.eliminated:
            return u.own
        part = self.parts[number]
        start = self.offsets[number]
        return u.rest[start : start + len(part.levels) * len(part.names)].reshape(len(part.levels), len(part.names))

    def restore(self, values: Array, number: int) -> Array:
        """What there is a level of one part, in the order of the part's own levels."""
        if number != self.eliminated:
            return values
        restored = np.empty_like(values)
        restored[self.level_order] = values
        return restored

    def sum_levels(self, values: Array) -> Array:
        """Sums over each level of the eliminated part; every level has a row."""
        result: Array = np.add.reduceat(values, self.starts)
        return result

    def at_rows(self, values: Array, number: int) -> Array:
        """A value a level of one part (as `part_values` has them), at each row that of its level."""
        found: Array = self.spread(values) if number == self.eliminated else values[self.indices[number]]
        return found

    def spread(self, values: Array) -> Array:
        """The eliminated part's values, at each row that of its level."""
        return np.repeat(values, self.lengths)
