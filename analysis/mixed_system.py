"""The linear algebra of a mixed model: H = Λᵀ Zᵀ W Z Λ + I, factored by blocks.

One random part (the eliminated one: that with the most coefficients, as participants) makes H's upper left block A
block-diagonal, q x q a level. What is left is the Schur complement S = I + D - Cᵀ A⁻¹ C, m x m and dense, over all
other parts (titles, items). C is made a few levels at a time, over the columns that their family touches
(`mixed_structure`), so memory grows with rows + m². The same blocks give each row's own entries of H⁻¹ Λᵀ z, of which
the gradient of log|H| is made (the selected inverse; Bates et al. 2015, J. Stat. Softw. 67(1), §3 for H).
"""

from functools import cached_property

import numpy as np
from scipy import linalg

from analysis.mixed_fixed import FixedPart
from analysis.mixed_structure import Array, Block, Family, Loadings, Structure, Vector, scatter


class Factor:
    """H factored at weights W (n) and loadings Λᵀz."""

    def __init__(self, structure: Structure, loadings: Loadings, weights: Array) -> None:
        self._structure = structure
        self._loadings = loadings
        self.weights = weights
        self._weighted = loadings.own * weights
        self._own_root, log_root = _invert_roots(self._own_blocks())
        self.own_inverse = np.swapaxes(self._own_root, 1, 2) @ self._own_root
        self.log_determinant = -2 * log_root
        if structure.m:
            self._lower: Array = linalg.cholesky(self._complement(), lower=True, overwrite_a=True, check_finite=False)
            self.log_determinant += 2 * float(np.log(np.diagonal(self._lower)).sum())

    def _own_blocks(self) -> Array:
        """A, levels x q x q."""
        s = self._structure
        blocks = np.empty((s.levels, s.q, s.q))
        for i in range(s.q):
            for j in range(i + 1):
                sums = s.sum_levels(self._weighted[i] * self._loadings.own[j])
                blocks[:, i, j] = blocks[:, j, i] = sums
            blocks[:, i, i] += 1.0
        return blocks

    def _cross(self, block: Block) -> list[Array]:
        """C of a block's levels, for each own coefficient levels x columns."""
        shape = (block.count, block.width)
        rest = self._loadings.rest[:, block.rows]
        return [
            scatter(block.cells, rest * weighted[block.rows], block.count * block.width).reshape(shape)
            for weighted in self._weighted
        ]

    def _complement(self) -> Array:
        """S, m x m."""
        s = self._structure
        schur = s.pair_sums(self._loadings.rest, self.weights)
        schur[np.diag_indices(s.m)] += 1
        for family, total in zip(s.families, s.threads.apply(self._square, s.families), strict=True):
            schur[np.ix_(family.columns, family.columns)] -= total
        return schur

    def _square(self, family: Family) -> Array:
        """Cᵀ A⁻¹ C of a family, over its columns."""
        total = np.zeros((len(family.columns), len(family.columns)))
        for block in family.blocks:
            for scaled in _turn(self._own_root[block.levels], self._cross(block), triangle=True):
                total += scaled.T @ scaled
        return total

    def _cho_solve(self, right: Array) -> Array:
        result: Array = linalg.cho_solve((self._lower, True), right, check_finite=False)
        return result

    def solve(self, right: Vector) -> Vector:
        """H⁻¹ right."""
        s, loadings = self._structure, self._loadings
        own = _times(self.own_inverse, right.own)
        if not s.m:
            return Vector(own, right.rest)
        along = self.weights * s.predict_own(loadings, own)
        rest = self._cho_solve(right.rest - s.collect_rest(loadings, along))
        back = self.weights * s.predict_rest(loadings, rest)
        return Vector(own - _times(self.own_inverse, s.collect_own(loadings, back)), rest)

    def project(self, fixed: FixedPart) -> Array:
        """XᵀWX - XᵀWZΛ H⁻¹ ΛᵀZᵀWX, p x p."""
        s, rest = self._structure, self._loadings.rest
        own = np.stack([fixed.collect_by(s.group, weighted, s.levels) for weighted in self._weighted])
        halved = _turn(self._own_root, list(own), triangle=True)
        information = fixed.gram(self.weights)
        for half in halved:
            information -= half.T @ half
        if not s.m:
            return information
        left = np.zeros((s.m, fixed.width))
        for places, loading in zip(s.places, rest, strict=True):
            left += fixed.collect_by(places, self.weights * loading, s.m)
        solved = _turn(self.own_inverse, list(own))
        for family in s.families:
            for block in family.blocks:
                for crossed, values in zip(self._cross(block), solved, strict=True):
                    left[family.columns] -= crossed.T @ values[block.levels]
        root = linalg.solve_triangular(self._lower, left, lower=True, check_finite=False)
        information -= root.T @ root
        return information

    @cached_property
    def rest_inverse(self) -> Array:
        """S⁻¹, the block of H⁻¹ that belongs to the parts that are not eliminated."""
        if not self._structure.m:
            return np.empty((0, 0))
        inverse, failed = linalg.lapack.dpotri(self._lower, lower=1)
        if failed:
            raise np.linalg.LinAlgError("the Schur complement is singular")
        result: Array = np.tril(inverse) + np.tril(inverse, -1).T
        return result

    def own_entries(self) -> tuple[Loadings, Array]:
        """H⁻¹Λᵀz of every row at the row's own levels, and H⁻¹'s own blocks (levels x q x q).

        With a, b a row's loadings: H⁻¹ is A⁻¹ + A⁻¹C S⁻¹ CᵀA⁻¹ at its level, -A⁻¹C S⁻¹ between that and the other
        parts, and S⁻¹ at these.
        """
        s, loadings = self._structure, self._loadings
        blocks = self.own_inverse.copy()
        own, rest = np.zeros_like(loadings.own), s.pair_products(self.rest_inverse, loadings.rest)

        def add(family: Family) -> None:
            inverse = self.rest_inverse[np.ix_(family.columns, family.columns)]
            for block in family.blocks:
                halves = _turn(self.own_inverse[block.levels], self._cross(block))
                for i, half in enumerate(halves):
                    across = half @ inverse
                    for j, other in enumerate(halves):
                        blocks[block.levels, i, j] += np.einsum("lk,lk->l", across, other)
                    at_rows = across.ravel()[block.cells]
                    rest[:, block.rows] -= at_rows * loadings.own[i, block.rows]
                    own[i, block.rows] = -(at_rows * loadings.rest[:, block.rows]).sum(axis=0)

        s.threads.apply(add, s.families)
        for i in range(s.q):
            for j in range(s.q):
                own[i] += s.spread(blocks[:, i, j]) * loadings.own[j]
        return Loadings(own=own, rest=rest), blocks


def _turn(matrices: Array, vectors: list[Array], *, triangle: bool = False) -> list[Array]:
    """Σ_j M_ij v_j for every level: matrices levels x q x q, each v_j levels x anything."""
    found = []
    for i in range(len(vectors)):
        total = matrices[:, i, 0, None] * vectors[0]
        for j in range(1, i + 1 if triangle else len(vectors)):
            total += matrices[:, i, j, None] * vectors[j]
        found.append(total)
    return found


def _times(matrices: Array, vectors: Array) -> Array:
    """M v for every level."""
    return np.column_stack([np.einsum("lj,lj->l", matrices[:, i], vectors) for i in range(vectors.shape[1])])


def _invert_roots(blocks: Array) -> tuple[Array, float]:
    """The inverses of the blocks' lower Cholesky factors, and the sum of the logarithms of their diagonals."""
    lower = np.linalg.cholesky(blocks)
    size = lower.shape[1]
    root = np.zeros_like(lower)
    for i in range(size):
        root[:, i, i] = 1.0 / lower[:, i, i]
        for j in range(i):
            root[:, i, j] = -np.einsum("lk,lk->l", lower[:, i, j:i], root[:, j:i, j]) * root[:, i, i]
    return root, float(np.log(np.diagonal(root, axis1=1, axis2=2)).sum())
