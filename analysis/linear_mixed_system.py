"""The linear algebra of a linear mixed model: cross products taken once, and the deviance with its exact slopes.

With G the cross products of [Z_others X y], P_r those that the first group's levels of r rows leave when they are
eliminated, c_r = θ²/(1 + θ²r) of that group, and D the others' θ (1 for X and y):

    S = D (G - Σ_r c_r P_r) D + I_z,      dev = log|A| + log|M| + df (1 + log(2π ρ²/df))

A is the eliminated diagonal, M is S without y, and ρ² what y leaves: the last entry of S less its part in M. Of a
change dS, log|M| changes by tr(M⁻¹ dM), ρ² by vᵀ dS v with v = (-M⁻¹s, 1), and an entry of M⁻¹ by -cᵀ dM c with c its
columns. Most texts meet in no participant, so G and P are kept where one of them is not 0, below the diagonal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

Array = NDArray[np.float64]
Index = NDArray[np.intp]


class System:
    """The cross products. `sizes` are the groups' numbers of levels, `p` the number of X's columns, `n` of rows."""

    def __init__(self, y: Array, x: Array, groups: Sequence[tuple[str, Index]]) -> None:
        self.n, self.p = len(y), int(x.shape[1])
        self.groups = len(groups)
        self.sizes = sizes = [int(index.max()) + 1 for _, index in groups]
        self.first = int(np.argmax(sizes))
        others = [place for place in range(self.groups) if place != self.first]
        self.owner = np.repeat(np.array(others, dtype=np.intp), [sizes[place] for place in others])
        starts = np.cumsum([0] + [sizes[place] for place in others])
        columns = [groups[place][1] + start for place, start in zip(others, starts, strict=False)]
        own = groups[self.first][1]
        dense = [*x.T, y]
        counts = np.bincount(own, minlength=sizes[self.first])
        rows = np.unique(counts)
        self.rows = rows.astype(np.float64)  # a level's number of rows
        self.levels = np.array([(counts == number).sum() for number in rows], dtype=np.float64)
        self._keep(self._cross(columns, dense), self._eliminate(own, columns, dense, counts=counts, rows=rows))

    @property
    def z(self) -> int:
        """Columns of Z_others."""
        return len(self.owner)

    @property
    def width(self) -> int:
        return self.z + self.p + 1

    def _cross(self, columns: Sequence[Index], dense: Sequence[Array]) -> Array:
        """G's lower triangle."""
        z = self.z
        gram = np.zeros((self.width, self.width))
        ones = np.ones(self.n)
        for number, column in enumerate(columns):
            for other in columns[: number + 1]:
                gram[:z, :z] += sparse.coo_array((ones, (column, other)), shape=(z, z)).toarray()
            for place, values in enumerate(dense):
                gram[z + place, :z] += np.bincount(column, values, minlength=z)
        for place, values in enumerate(dense):
            for second, more in enumerate(dense[: place + 1]):
                gram[z + place, z + second] = values @ more
        return gram

    def _eliminate(
        self, own: Index, columns: Sequence[Index], dense: Sequence[Array], *, counts: Index, rows: Index
    ) -> list[sparse.coo_array]:
        """P_r for each of the numbers of `rows`, lower triangles."""
        size, ones = len(counts), np.ones(self.n)
        shared = sparse.csr_array((size, self.z))
        for column in columns:
            shared = shared + sparse.csr_array((ones, (own, column)), shape=(size, self.z))
        sums = np.column_stack([np.bincount(own, values, minlength=size) for values in dense])
        crossed = sparse.hstack([shared, sparse.csr_array(sums)]).tocsr()
        alike = (crossed[np.flatnonzero(counts == number)] for number in rows)
        return [sparse.tril(part.T @ part, format="coo") for part in alike]

    def _keep(self, gram: Array, products: Sequence[sparse.coo_array]) -> None:
        """What is not 0 anywhere, one vector of each; the diagonal is always there."""
        touched = gram != 0
        touched[np.diag_indices(self.width)] = True
        for product in products:
            touched[product.row, product.col] = True
        self.row, self.column = np.nonzero(touched)
        self.gram = gram[touched]
        number = np.zeros(touched.shape, dtype=np.intp)
        number[touched] = np.arange(len(self.gram))
        self.products = np.zeros((len(products), len(self.gram)))
        for line, product in zip(self.products, products, strict=True):
            line[number[product.row, product.col]] = product.data
        self.times = np.where(self.row == self.column, 1.0, 2.0)  # an entry stands for the one above the diagonal too

    def at(self, theta: Array) -> "Point":
        """The model with these standard deviations, in units of the residual's."""
        return Point(self, theta)


@dataclass(frozen=True)
class Slopes:
    """By θ, one a group: of the log determinants, of ρ², and of the entries on the diagonal of the coefficients'
    covariance over σ² (groups x p; empty unless asked for)."""

    log_determinant: Array
    rest: Array
    variances: Array


class Point:
    """The model at θ."""

    def __init__(self, system: System, theta: Array) -> None:
        s = self._system = system
        self.theta = theta
        own = theta[s.first]
        self._diagonal = 1.0 + own**2 * s.rows
        self._left = s.gram - (own**2 / self._diagonal) @ s.products
        scale = self._scale = np.concatenate([theta[s.owner], np.ones(s.p + 1)])  # D
        schur = np.zeros((s.width, s.width), order="F")
        schur[s.row, s.column] = self._left * scale[s.row] * scale[s.column]
        schur[np.arange(s.z), np.arange(s.z)] += 1.0
        self._lower, failed = linalg.lapack.dpotrf(schur, lower=1, clean=0, overwrite_a=1)
        if failed:
            raise np.linalg.LinAlgError("the columns of this model follow from each other")
        logs = np.log(np.diagonal(self._lower)[:-1]).sum()
        self.log_determinant = float(s.levels @ np.log(self._diagonal) + 2 * logs)
        self.rest = float(self._lower[-1, -1] ** 2)  # ρ²

    @property
    def df(self) -> int:
        return self._system.n - self._system.p

    @property
    def deviance(self) -> float:
        """Profiled over β and σ."""
        return float(self.log_determinant + self.df * (1 + np.log(2 * np.pi * self.rest / self.df)))

    @property
    def residual_variance(self) -> float:
        return self.rest / self.df

    @cached_property
    def _solved(self) -> Array:
        """M⁻¹s: the coefficients of Z_others and X."""
        result: Array = linalg.solve_triangular(
            self._lower[:-1, :-1], self._lower[-1, :-1], lower=True, trans="T", check_finite=False
        )
        return result

    @property
    def coefficients(self) -> Array:
        return self._solved[self._system.z :]

    @cached_property
    def unscaled_covariance(self) -> Array:
        """Of the coefficients, over σ²."""
        root = linalg.solve_triangular(self._lower[self._system.z : -1, self._system.z : -1], np.eye(self._system.p),
                                       lower=True, check_finite=False)  # fmt: skip
        result: Array = root.T @ root
        return result

    def slopes(self, *, variances: bool = False) -> Slopes:
        """The derivatives by every θ, exact."""
        s = self._system
        inverse, failed = linalg.lapack.dpotri(self._lower[:-1, :-1], lower=1)
        if failed:
            raise np.linalg.LinAlgError("the columns of this model follow from each other")
        is_of_m = s.row < s.width - 1
        entries = np.zeros(len(s.row))
        entries[is_of_m] = inverse[s.row[is_of_m], s.column[is_of_m]]
        along = np.append(-self._solved, 1.0)
        log_determinant = self._turn(entries)
        own = self.theta[s.first]
        log_determinant[s.first] += 2 * own * float(s.levels @ (s.rows / self._diagonal))
        found = [self._turn(-column[s.row] * column[s.column]) for column in self._cut(inverse) if variances]
        return Slopes(
            log_determinant=log_determinant,
            rest=self._turn(along[s.row] * along[s.column]),
            variances=np.array(found).reshape(len(found), s.groups).T,
        )

    def _cut(self, inverse: Array) -> list[Array]:
        """The coefficients' columns of M⁻¹, of which the lower triangle is given, with a 0 for y."""
        places = range(self._system.z, self._system.width - 1)
        return [np.concatenate([inverse[place, :place], inverse[place:, place], [0.0]]) for place in places]

    def _turn(self, form: Array) -> Array:
        """The sum over all entries of `form` times dS, by each θ."""
        s = self._system
        scale, owner = self._scale, np.append(s.owner, np.full(s.p + 1, s.groups))
        weights = s.times * form
        left = weights * self._left
        found: Array = np.bincount(owner[s.row], left * scale[s.column], minlength=s.groups + 1).astype(np.float64)
        found += np.bincount(owner[s.column], left * scale[s.row], minlength=s.groups + 1)
        found[s.first] = weights @ (scale[s.row] * scale[s.column] * self._left_slope)
        return found[: s.groups]

    @cached_property
    def _left_slope(self) -> Array:
        """Of G - Σ c_r P_r by the θ of the first group."""
        result: Array = (-2 * self.theta[self._system.first] / self._diagonal**2) @ self._system.products
        return result
