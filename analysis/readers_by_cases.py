"""AUC with readers and cases both drawn at random: Obuchowski and Rockette's variance (1995; df of Hillis 2007).

A reader is a participant, the cases are texts. Readers who rated the very same texts are crossed with them: for r such
readers with areas A_r (Mann–Whitney of their ratings), MS = Σ (A_r - Ā)² / (r - 1), and Cov₂ the mean covariance of two
readers' areas over the texts, the variance of Ā is

    [MS + max(r · Cov₂, 0)] / r,      df = (MS + max(r · Cov₂, 0))² / (MS² / (r - 1)).

Covariances are unbiased, from products of the kernel ψ = 1(model rated above human) + ½ 1(tie) over pairs of texts that
share both, one or no text (Gallas 2006). Forms are crossed sets of their own: the arm's area is the mean over its
readers, its variance the weighted sum over the sets, its df by Satterthwaite. "I don't know" is the middle rating.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.estimate import Estimate, clip_share, estimate_normal
from analysis.levels import number_levels

Array = NDArray[np.float64]
BOTH = "new participants and new texts"


@dataclass(frozen=True)
class CrossedArea:
    """One crossed set: `areas` a reader (r), and the parts of the variance of their mean."""

    areas: tuple[float, ...]
    mean: float
    mean_square: float
    covariance: float
    variance: float
    df: float


@dataclass(frozen=True)
class ReaderArea:
    """An arm's area; `sets` are its crossed sets of two or more readers. `reason`: why there is no interval."""

    area: Estimate
    readers: int
    sets: tuple[CrossedArea, ...]
    reason: str = ""


def cross_readers(human: Array, model: Array) -> CrossedArea:
    """Of ratings of human (r x m) and model texts (r x n), r ≥ 2, m and n ≥ 2, nothing missing."""
    readers, m = human.shape
    n = model.shape[1]
    difference = model[:, None, :] - human[:, :, None]
    kernel = (difference > 0) + 0.5 * (difference == 0)  # r x m x n
    flat = kernel.reshape(readers, -1)
    by_human, by_model = kernel.sum(2), kernel.sum(1)
    both, same_human, same_model = flat @ flat.T, by_human @ by_human.T, by_model @ by_model.T
    total = np.outer(flat.sum(1), flat.sum(1))
    share_both = both / (m * n)
    share_model = (same_model - both) / (m * (m - 1) * n)
    share_human = (same_human - both) / (m * n * (n - 1))
    share_none = (total - same_model - same_human + both) / (m * (m - 1) * n * (n - 1))
    covariances = share_both + (m - 1) * share_model + (n - 1) * share_human + (1 - m - n) * share_none
    covariances = covariances / (m * n)
    areas = flat.mean(1)
    mean_square = float(areas.var(ddof=1))
    covariance = float((covariances.sum() - np.trace(covariances)) / (readers * (readers - 1)))
    top = mean_square + max(readers * covariance, 0.0)
    return CrossedArea(
        areas=tuple(map(float, areas)),
        mean=float(areas.mean()),
        mean_square=mean_square,
        covariance=covariance,
        variance=top / readers,
        df=top**2 / (mean_square**2 / (readers - 1)) if mean_square > 0 else float("inf"),
    )


def estimate_area(judgments: pl.DataFrame) -> ReaderArea:
    """One arm's area from its judgments (participant, item, source, judgment); readers of one source are left out.

    Readers whose texts nobody else rated as well (a small share of a pool each) have no crossed set, and then there is
    an area without an interval.
    """
    sets: dict[tuple[tuple[int, ...], tuple[int, ...]], list[tuple[Array, Array]]] = {}
    ordered = judgments.sort("participant", "item")
    items, ratings = number_levels(ordered["item"]).index, ordered["judgment"].to_numpy().astype(float)
    is_human = (ordered["source"] == "human").to_numpy()
    ends = np.cumsum(ordered.group_by("participant", maintain_order=True).len()["len"].to_numpy())
    for start, end in zip([0, *ends[:-1]], ends, strict=False):
        own = slice(start, end)
        human, model = is_human[own], ~is_human[own]
        if human.any() and model.any():
            key = (tuple(items[own][human].tolist()), tuple(items[own][model].tolist()))
            sets.setdefault(key, []).append((ratings[own][human], ratings[own][model]))
    readers = sum(map(len, sets.values()))
    if not readers:
        return ReaderArea(Estimate(None), 0, (), reason="nobody rated texts of both sources")
    mean = float(np.mean([_area(human, model) for ratings in sets.values() for human, model in ratings]))
    if any(len(ratings) < 2 for ratings in sets.values()):
        reason = "some participants rated texts that nobody else rated together"
        return ReaderArea(Estimate(mean), readers, (), reason=reason)
    if any(len(texts) < 2 for key in sets for texts in key):
        return ReaderArea(Estimate(mean), readers, (), reason="fewer than two texts of a source")
    crossed = tuple(cross_readers(*map(np.stack, zip(*ratings, strict=True))) for ratings in sets.values())
    return ReaderArea(_combine(crossed), readers, crossed)


def _area(human: Array, model: Array) -> float:
    difference = model[None, :] - human[:, None]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def _combine(sets: Sequence[CrossedArea]) -> Estimate:
    weights = np.array([len(part.areas) for part in sets], dtype=float)
    weights /= weights.sum()
    mean = float(weights @ [part.mean for part in sets])
    parts = weights**2 * [part.variance for part in sets]
    variance = float(parts.sum())
    if variance <= 0:
        return Estimate(mean, 0.0, mean, mean, BOTH)
    df = variance**2 / float(sum(part**2 / own.df for part, own in zip(parts, sets, strict=True)) or 1e-300)
    return clip_share(estimate_normal(mean, variance**0.5, df=df, method=BOTH))
