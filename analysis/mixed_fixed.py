"""The fixed part of a design: the matrix X, kept as its different rows where these are few.

Arms and sources make a handful of different rows, however many trials there are; X then is `rows` (d x p) and each
trial's `index` (n) among them, and products with it are sums over d.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class FixedPart:
    """X, n x p: `rows[index]`, or `rows` itself where there is no index."""

    rows: Array
    index: Index | None = None

    @property
    def width(self) -> int:
        return int(self.rows.shape[1])

    @cached_property
    def counts(self) -> Array:
        """How often each of the rows stands in X."""
        return self.sum_alike(None)

    def matrix(self) -> Array:
        """All of X."""
        return self.rows if self.index is None else self.rows[self.index]

    def take(self, *, order: Index | None = None, columns: list[int] | None = None) -> "FixedPart":
        """X with its rows in another order, or some of its columns."""
        rows = self.rows if columns is None else self.rows[:, columns]
        if order is None:
            return FixedPart(rows, self.index)
        return FixedPart(rows[order]) if self.index is None else FixedPart(rows, self.index[order])

    def predict(self, beta: Array) -> Array:
        """Xβ."""
        values: Array = self.rows @ beta
        return values if self.index is None else values[self.index]

    def sum_alike(self, values: Array | None) -> Array:
        """Sums of `values` (None: of 1) over the trials of each of the rows."""
        if self.index is None:
            return np.ones(len(self.rows)) if values is None else values
        return np.bincount(self.index, values, minlength=len(self.rows)).astype(np.float64)

    def collect(self, values: Array) -> Array:
        """Xᵀ values."""
        result: Array = self.rows.T @ self.sum_alike(values)
        return result

    def gram(self, weights: Array) -> Array:
        """XᵀWX."""
        result: Array = self.rows.T @ (self.rows * self.sum_alike(weights)[:, None])
        return result

    def collect_by(self, group: Index, values: Array, size: int) -> Array:
        """Xᵀ values for the trials of every group, size x p."""
        if self.index is not None and len(self.rows) <= 4 * self.width:
            places = group * len(self.rows) + self.index
            sums = np.bincount(places, values, minlength=size * len(self.rows)).reshape(size, len(self.rows))
            result: Array = sums @ self.rows
            return result
        found = np.empty((size, self.width))
        for column in range(self.width):
            own = self.rows[:, column] if self.index is None else self.rows[self.index, column]
            found[:, column] = np.bincount(group, values * own, minlength=size)
        return found
