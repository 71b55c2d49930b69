"""Where the search of a large mixed model begins: at the maximum of a few of its participants.

A beginning is no approximation. The search goes on over all rows to the same end, in fewer steps that are dear.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from analysis.mixed_formula import Design, RandomPart
from analysis.mixed_laplace import Laplace
from analysis.mixed_links import LinkName
from analysis.mixed_search import Search

Array = NDArray[np.float64]
Index = NDArray[np.intp]
ENOUGH = 25_000  # rows that the beginning is found from
NEAR = 0.02  # the slope at which the search over these ends
LEAST = 0.05  # the standard deviations to begin at: at 0 the slope is 0 too


def begin_with_few(design: Design, counts: Array | None, *, link: LinkName) -> Array | None:
    """The maximum over a few levels of the largest random part, about; None where they do not suffice."""
    own = int(np.argmax([len(part.levels) * len(part.names) for part in design.random]))
    rows = _draw_rows(design.random[own])
    few = Design(
        formula=design.formula,
        y=design.y[rows],
        fixed=design.fixed.take(order=rows),
        names=design.names,
        random=tuple(_cut(part, rows, renumber=number == own) for number, part in enumerate(design.random)),
    )
    objective = Laplace(few.y, few.fixed, few.random, link=link, trials=None if counts is None else counts[rows])
    try:
        search = Search(objective, few)
        search.run(curvature=False, gradient=NEAR)
    except (np.linalg.LinAlgError, linalg.LinAlgError):
        return None
    point = search.point
    least = np.array([-np.inf if bound is None else LEAST for bound in objective.lower_bounds])
    point[search.p :] = np.maximum(point[search.p :], least)
    return point if np.isfinite(point).all() else None


def _draw_rows(part: RandomPart) -> Index:
    """The rows of some levels, drawn at random but always the same."""
    counts = np.bincount(part.index, minlength=len(part.levels))
    drawn = np.random.default_rng(0).permutation(len(counts))
    chosen = np.zeros(len(counts), dtype=bool)
    chosen[drawn[: int(np.searchsorted(np.cumsum(counts[drawn]), ENOUGH)) + 1]] = True
    return np.flatnonzero(chosen[part.index])


def _cut(part: RandomPart, rows: Index, *, renumber: bool) -> RandomPart:
    index, levels = part.index[rows], part.levels
    if renumber:
        kept, index = np.unique(index, return_inverse=True)
        index, levels = index.reshape(-1), tuple(levels[level] for level in kept)
    return RandomPart(part.group, part.names, part.columns[rows], index, levels)
