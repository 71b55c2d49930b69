"""Losses given K articles before, with intervals over articles. The figures of `generator.curves`; no torch.

The loss a token is a ratio of sums over articles: Σ losses / Σ tokens. Intervals are of the percentile bootstrap over
articles (Efron & Tibshirani 1993, §13.3), paired: a resample holds the same articles for every model and every K, so
that the gap between two K has an interval of its own, and a narrower one than its two ends let expect. An article's
loss at K hangs on the articles drawn to stand before it as well; these are drawn anew for each, and so the interval
covers them too.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class ModelLosses:
    """What was measured of a model: sums of losses in nats, of the same articles in the same order for all models.

    `by_shots` is (K, articles), `tokens` (articles,); `by_position` and `position_tokens` are (articles, ranges),
    sums over the positions of an octave, of a sequence that begins with the article.
    """

    name: str
    n_params: int
    tokens: np.ndarray
    by_shots: np.ndarray
    by_position: np.ndarray
    position_tokens: np.ndarray


@dataclass(frozen=True)
class ShotsRow:
    """Losses a token and a word, nats; `ci_` are 95 % intervals over articles."""

    model: str
    n_params: int
    shots: int
    articles: int
    tokens: int
    loss: float
    ci_low: float
    ci_high: float
    loss_a_word: float
    word_ci_low: float
    word_ci_high: float


@dataclass(frozen=True)
class GapRow:
    """How much lower the loss a token is with `to_shots` articles before than with `from_shots`."""

    model: str
    n_params: int
    from_shots: int
    to_shots: int
    gap: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class PositionRow:
    """The loss of tokens with `first` to `last` tokens before them in the context."""

    model: str
    n_params: int
    first: int
    last: int
    tokens: int
    loss: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class CurveTables:
    shots: tuple[ShotsRow, ...]
    gaps: tuple[GapRow, ...]
    positions: tuple[PositionRow, ...]


def bin_positions(length: int) -> tuple[tuple[int, int], ...]:
    """1, 2–3, 4–7, …: octaves of the number of tokens before a token, the last one up to `length` − 1."""
    firsts = [2**power for power in range(max(1, (length - 1).bit_length())) if 2**power < length]
    return tuple((first, min(2 * first - 1, length - 1)) for first in firsts)


def tabulate(
    models: Sequence[ModelLosses],
    *,
    shots: Sequence[int],
    words: np.ndarray,
    ranges: Sequence[tuple[int, int]],
    seed: int,
    resamples: int,
) -> CurveTables:
    """`words` (articles,) are of the articles' bodies; `ranges` belong to the columns of `by_position`."""
    n = len(words)
    rng = np.random.default_rng(seed)
    # row 0 is the sample itself: every article once
    counts = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=resamples)])
    tables = CurveTables((), (), ())
    for model in models:
        ratios = (counts @ model.by_shots.T) / (counts @ model.tokens)[:, None]  # (1 + resamples, K)
        a_word = (counts @ model.by_shots.T) / (counts @ words)[:, None]
        tables = CurveTables(
            shots=(*tables.shots, *_list_shots(model, shots, ratios, a_word)),
            gaps=(*tables.gaps, *_list_gaps(model, shots, ratios)),
            positions=(*tables.positions, *_list_positions(model, ranges, counts)),
        )
    return tables


def _list_shots(model: ModelLosses, shots: Sequence[int], ratios: np.ndarray, a_word: np.ndarray) -> Iterable[ShotsRow]:
    for place, number in enumerate(shots):
        yield ShotsRow(
            model.name,
            model.n_params,
            number,
            len(model.tokens),
            int(model.tokens.sum()),
            *_describe(ratios[:, place]),
            *_describe(a_word[:, place]),
        )


def _list_gaps(model: ModelLosses, shots: Sequence[int], ratios: np.ndarray) -> Iterable[GapRow]:
    """Between none, one, and the most, as far as these were measured."""
    places = {number: place for place, number in enumerate(shots)}
    ends = sorted({0, 1, shots[-1]} & set(shots))
    for place, low in enumerate(ends):
        for high in ends[place + 1 :]:
            gap = ratios[:, places[low]] - ratios[:, places[high]]
            yield GapRow(model.name, model.n_params, low, high, *_describe(gap))


def _list_positions(model: ModelLosses, ranges: Sequence[tuple[int, int]], counts: np.ndarray) -> Iterable[PositionRow]:
    for place, (first, last) in enumerate(ranges):
        n_tokens = model.position_tokens[:, place]
        if not n_tokens.sum():
            continue
        totals = counts @ n_tokens
        drawn = totals > 0  # a resample may lack the few articles that come so far
        ratio = (counts @ model.by_position[:, place])[drawn] / totals[drawn]
        yield PositionRow(model.name, model.n_params, first, last, int(n_tokens.sum()), *_describe(ratio))


def _describe(values: np.ndarray) -> tuple[float, float, float]:
    """The sample's value, which comes first, and the interval of the resamples."""
    low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(values[0]), float(low), float(high)


def write_rows(path: Path, rows: Sequence[Any], *, row_type: type) -> None:
    """A CSV of dataclass rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=[field.name for field in fields(row_type)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def write_tables(tables: CurveTables, *, out: Path) -> None:
    """curves.csv, gaps.csv and positions.csv."""
    write_rows(out / "curves.csv", tables.shots, row_type=ShotsRow)
    write_rows(out / "gaps.csv", tables.gaps, row_type=GapRow)
    write_rows(out / "positions.csv", tables.positions, row_type=PositionRow)


def group_by_model(rows: Iterable[Any]) -> Mapping[str, list[Any]]:
    """Rows of each model, in the order in which they stand."""
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.model, []).append(row)
    return groups
