"""How far participants agree about the same texts: Krippendorff's α and Fleiss' κ, with intervals over texts.

α = 1 - D_o / D_e. Every pair of ratings of a text counts 1/(n_u - 1), n_u the text's ratings, and gives the
coincidences o_ck; with n_c their margins and n their sum, D_o = Σ o_ck δ²_ck / n and D_e = Σ n_c n_k δ²_ck / (n (n -
1)). δ² is 1 for different values (nominal), (c - k)² (interval), ((c - k)/(c + k))² (ratio), or (Σ n_g from c to k -
(n_c + n_k)/2)² (ordinal; Krippendorff 2011). κ is Fleiss' (1971), over texts with the same number of ratings, weighted
by them where numbers differ. Intervals: percentiles over texts drawn with replacement. Near chance agreement is
expected to be low: read it beside d′.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.estimate import Estimate
from analysis.schema import JUDGMENTS

Array = NDArray[np.float64]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
DRAWS = 500
TEXTS = "new texts, these participants; bootstrap"


@dataclass(frozen=True)
class ArmAgreement:
    """One arm: α of the five answers (ordinal), α and κ of human against machine; `texts` rated at least twice."""

    arm: str
    texts: int
    ordinal: Estimate
    nominal: Estimate
    fleiss: Estimate
    majority_right: float | None


def krippendorff_alpha(counts: Array, values: Sequence[float], *, metric: Metric) -> float | None:
    """α of a table of texts x values (how many gave each value); None where every rating is the same."""
    counts = counts[counts.sum(1) >= 2]
    if not len(counts):
        return None
    size = counts.sum(1)
    pairs = counts.T @ (counts / (size - 1)[:, None]) - np.diag((counts / (size - 1)[:, None]).sum(0))
    margins = pairs.sum(1)
    total = margins.sum()
    distance = _measure_distance(np.asarray(values, dtype=float), margins, metric)
    expected = margins @ distance @ margins / (total * (total - 1))
    if expected <= 0:
        return None
    return float(1 - (pairs * distance).sum() / total / expected)


def _measure_distance(values: Array, margins: Array, metric: Metric) -> Array:
    left, right = values[:, None], values[None, :]
    if metric == "nominal":
        return np.asarray(left != right, dtype=np.float64)
    if metric == "interval":
        return np.asarray((left - right) ** 2, dtype=np.float64)
    if metric == "ratio":
        total = np.where(left + right == 0, 1.0, left + right)
        return np.asarray(((left - right) / total) ** 2, dtype=np.float64)
    ranks = np.cumsum(margins) - margins / 2  # a value's place is the middle of those that gave it
    return np.asarray((ranks[:, None] - ranks[None, :]) ** 2, dtype=np.float64)


def fleiss_kappa(counts: Array) -> float | None:
    """κ of a table of texts x categories; None where chance alone agrees always."""
    counts = counts[counts.sum(1) >= 2]
    if not len(counts):
        return None
    size = counts.sum(1)
    observed = ((counts**2).sum(1) - size) / (size * (size - 1))
    shares = counts.sum(0) / counts.sum()
    chance = float((shares**2).sum())
    if chance >= 1:
        return None
    return float((np.average(observed, weights=size) - chance) / (1 - chance))


def measure_agreement(judgments: pl.DataFrame, *, arms: Sequence[str], rng: np.random.Generator) -> list[ArmAgreement]:
    """Every arm. `judgments` has arm, item, source and judgment."""
    return [_measure_arm(arm, judgments.filter(pl.col("arm") == arm), rng) for arm in arms]


def _measure_arm(arm: str, rows: pl.DataFrame, rng: np.random.Generator) -> ArmAgreement:
    texts = sorted(rows["item"].unique().to_list())
    place = {text: number for number, text in enumerate(texts)}
    five = np.zeros((len(texts), len(JUDGMENTS)))
    np.add.at(five, (np.array([place[text] for text in rows["item"]], dtype=int), rows["judgment"].to_numpy() - 1), 1.0)
    two = np.column_stack([five[:, :2].sum(1), five[:, 3:].sum(1)])
    draws = rng.integers(0, max(len(texts), 1), size=(DRAWS, len(texts)))

    def estimate(table: Array, find: Callable[[Array], float | None]) -> Estimate:
        value = find(table)
        if value is None or len(texts) < 3:
            return Estimate(value)
        drawn = [found for rows in draws if (found := find(table[rows])) is not None]
        low, high = np.quantile(drawn, (0.025, 0.975))
        return Estimate(value, float(np.std(drawn, ddof=1)), float(low), float(high), TEXTS)

    return ArmAgreement(
        arm=arm,
        texts=int((five.sum(1) >= 2).sum()),
        ordinal=estimate(five, lambda table: krippendorff_alpha(table, JUDGMENTS, metric="ordinal")),
        nominal=estimate(two, lambda table: krippendorff_alpha(table, (0, 1), metric="nominal")),
        fleiss=estimate(two, fleiss_kappa),
        majority_right=_find_majority(rows, two, place),
    )


def _find_majority(rows: pl.DataFrame, two: Array, place: dict[str, int]) -> float | None:
    """The share of texts whose majority is right; a tie counts half."""
    if not place:
        return None
    sources = dict(rows.select("item", "source").unique().iter_rows())
    truth = np.array([sources[text] == "model" for text in place])
    lead = two[:, 1] - two[:, 0]
    return float(np.where(lead == 0, 0.5, (lead > 0) == truth).mean())
