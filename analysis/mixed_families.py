"""Levels of a mixed model's eliminated part put into families that touch few of the other parts' coefficients.

A participant of one arm reads the texts of that arm and no other model's, so the block that couples participants with
texts is empty over whole rectangles. Participants in families (here: the arms) make it a handful of dense blocks over
the few columns that each family touches, which is what the linear algebra is quick with. Nothing is told of arms: the
columns that very many levels share (titles, human texts) are set apart, and levels that still share a column belong
together. How many columns are set apart is what makes the products cheapest.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Index = NDArray[np.intp]
CUTS = 6  # numbers of sharing levels that are tried as the most of a column that is not set apart
MOST_FAMILIES = 200
OVERHEAD = 2_000_000  # products that the calls of one more family take the time of


def find_families(level: Index, places: Index, *, levels: int, size: int) -> Index:
    """The family of every level; `level` (n) and `places` (b x n) are of the rows, `size` the number of columns."""
    alone = np.zeros(levels, dtype=np.intp)
    if not size:
        return alone
    entries = (np.ones(places.size), (np.tile(level, len(places)), places.ravel()))
    touches = sparse.csr_array(entries, shape=(levels, size))
    touches.data[:] = 1.0
    sharing = np.bincount(touches.indices, minlength=size)
    best, least = alone, _cost(alone, touches)
    for cut in _cuts(sharing):
        family = _part(touches, sharing <= cut)
        if family.max() < MOST_FAMILIES and (cost := _cost(family, touches)) < least:
            best, least = family, cost
    return best


def _cuts(sharing: Index) -> list[int]:
    """Before the widest gaps, in proportion, between columns' numbers of levels."""
    numbers = np.unique(sharing[sharing > 0])
    gaps = np.diff(np.log(numbers))
    return [int(numbers[place]) for place in np.argsort(-gaps, kind="stable")[:CUTS]]


def _part(touches: sparse.csr_array, kept: NDArray[np.bool_]) -> Index:
    """Levels joined by columns that are `kept`; those that touch none of them are one family more."""
    levels, size = touches.shape
    few = touches[:, np.flatnonzero(kept)]
    joined = sparse.block_array([[None, few], [few.T, None]], format="csr")
    _, found = sparse.csgraph.connected_components(joined, directed=False)
    family = found[:levels].copy()
    family[np.diff(few.indptr) == 0] = levels + size
    return np.unique(family, return_inverse=True)[1].reshape(-1).astype(np.intp)


def _cost(family: Index, touches: sparse.csr_array) -> float:
    """About the products that families' blocks take: levels times columns squared."""
    count = int(family.max()) + 1
    members = sparse.csr_array((np.ones(len(family)), (family, np.arange(len(family)))), shape=(count, len(family)))
    columns = np.diff((members @ touches).indptr).astype(np.float64)
    return float(np.bincount(family) @ columns**2 + OVERHEAD * count)
