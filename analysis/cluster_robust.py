"""The primary model's cheap twin: an ordinary probit whose standard errors know two kinds of clusters.

β by maximum likelihood as if all judgments were independent; its covariance is

    (XᵀWX)⁻¹ (M_a + M_b - M_ab) (XᵀWX)⁻¹,    M_a = G_a / (G_a - 1) Σ_g s_g s_gᵀ,

s_g the sum of scores over cluster g of participants (a), of texts (b), of single judgments (ab; Cameron, Gelbach &
Miller 2011). Negative eigenvalues of the middle are set to 0. The coefficients are population averages: they are what
the mixed model's become when divided by √(1 + variance of its random parts). Rows that the formula cannot tell apart
are worked out once, so that a fit of a million judgments costs little more than counting them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from analysis.levels import number_levels
from analysis.mixed_formula import NAME, build_design
from analysis.mixed_links import LinkName, derive, log_probability

Array = NDArray[np.float64]
STEPS = 60
LARGEST = 12.0  # of a linear predictor; beyond it a probability is 0 or 1, and the coefficient has no finite estimate


@dataclass(frozen=True)
class RobustFit:
    """Coefficients (p), their covariance (p x p), and the clusters' numbers; `naive` is (XᵀWX)⁻¹."""

    names: tuple[str, ...]
    coefficients: Array
    covariance: Array
    naive: Array
    clusters: Mapping[str, int]
    converged: bool

    @property
    def df(self) -> int:
        """Of a t with these standard errors."""
        return min(self.clusters.values()) - 1


def fit_robust(
    formula: str,
    frame: pl.DataFrame,
    *,
    clusters: tuple[str, str],
    link: LinkName = "probit",
    levels: Mapping[str, Sequence[str]] | None = None,
) -> RobustFit:
    """Fit the fixed part of a formula and take the errors' clusters from two columns.

    Raises:
        FormulaError: the formula does not suit the frame.
    """
    cells, cell, counts = _count_cells(formula, frame)
    design = build_design(formula, cells, levels=levels)
    x, y = design.x, design.y
    beta, converged = _maximise(x, y, counts, link)
    at = derive(link, x @ beta, y, np.ones(len(y)))
    information = x.T @ (x * (counts * at.fisher)[:, None])
    bread: Array = np.linalg.pinv(information).astype(np.float64)
    scores = x * at.score[:, None]
    rows = len(cell)
    middle = -(scores.T @ (scores * counts[:, None])) * _widen(rows)
    clusters_of = {}
    for name in clusters:
        levels_of = number_levels(frame[name])
        clusters_of[name] = len(levels_of)
        shared = sparse.csr_array((np.ones(rows), (levels_of.index, cell)), shape=(len(levels_of), len(y)))
        sums = shared @ scores
        middle = middle + sums.T @ sums * _widen(len(levels_of))
    values, vectors = np.linalg.eigh((middle + middle.T) / 2)
    middle = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return RobustFit(design.names, beta, bread @ middle @ bread, bread, clusters_of, converged)


def _count_cells(formula: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.intp], Array]:
    """Rows that the formula cannot tell apart as one: those rows, each row's place among them, and how many it has."""
    names = [name for name in dict.fromkeys(NAME.findall(formula)) if name in frame.columns]
    numbered = frame.select(names).with_row_index("row")
    cells = numbered.group_by(names, maintain_order=True).agg(pl.col("row"), pl.len().alias("count"))
    cell = np.empty(frame.height, dtype=np.intp)
    rows = cells["row"].explode().to_numpy()
    counts = cells["count"].to_numpy()
    cell[rows] = np.repeat(np.arange(cells.height), counts)
    return cells, cell, counts.astype(np.float64)


def _widen(groups: int) -> float:
    return groups / (groups - 1) if groups > 1 else 1.0


def _maximise(x: Array, y: Array, counts: Array, link: LinkName) -> tuple[Array, bool]:
    """Fisher scoring with step halving."""
    successes = y * counts
    beta = np.zeros(x.shape[1])
    best = float(log_probability(link, x @ beta, successes, counts).sum())
    for _ in range(STEPS):
        at = derive(link, x @ beta, successes, counts)
        step = np.linalg.lstsq(x.T @ (x * at.fisher[:, None]), x.T @ at.score, rcond=None)[0]
        length = 1.0
        while length > 1e-8:
            value = float(log_probability(link, x @ (beta + length * step), successes, counts).sum())
            if value >= best:
                break
            length /= 2
        else:
            return beta, True
        gained, best, beta = value - best, value, beta + length * step
        if np.abs(x @ beta).max() > LARGEST:
            return beta, False
        if gained < 1e-12 * abs(best):
            return beta, True
    return beta, False
