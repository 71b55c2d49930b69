"""Formulas of a mixed model, in the notation that R's lme4 reads: `said_machine ~ x * arm + (1 + x | participant)`.

Fixed part: names joined by `+`, `:` (interaction) and `*` (both and their interaction), `1` (the intercept, always
there unless `0` stands). Random part: `(TERMS | GROUP)`, correlated within a group; `||` makes every term of it a part
of its own. A column of numbers is a covariate; a column of texts is a factor in treatment coding against its first
level (`levels` says their order, else they are sorted), named as R names it: `armsmall`, `x:armsmall`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.levels import number_levels
from analysis.mixed_fixed import FixedPart, Index

Array = NDArray[np.float64]
FEW = 4  # trials a different row of the fixed columns, from which on these are kept as their different rows
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


class FormulaError(ValueError):
    """A formula that cannot be read, or that names a column which is not there."""


@dataclass(frozen=True)
class RandomPart:
    """One random term: `columns` (n x q) with a coefficient each at every level; `index` (n): each row's level."""

    group: str
    names: tuple[str, ...]
    columns: Array
    index: NDArray[np.intp]
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Design:
    """A formula over a frame: `y` (n), the fixed columns (n x p) with their `names`, and the random parts. `dropped`:
    fixed columns that follow from the others, so that nothing could be said of them."""

    formula: str
    y: Array
    fixed: FixedPart
    names: tuple[str, ...]
    random: tuple[RandomPart, ...]
    dropped: tuple[str, ...] = ()

    @property
    def x(self) -> Array:
        """The fixed columns as one matrix, n x p."""
        return self.fixed.matrix()


def build_design(formula: str, frame: pl.DataFrame, *, levels: Mapping[str, Sequence[str]] | None = None) -> Design:
    """The matrices of a formula.

    Raises:
        FormulaError: the formula, or a column that it names, cannot be used.
    """
    outcome, tilde, right = formula.partition("~")
    if not tilde:
        raise FormulaError(f"{formula!r}: a formula needs '~' between the outcome and what it depends on")
    order = {name: tuple(values) for name, values in (levels or {}).items()}
    random_texts = re.findall(r"\(([^()]*\|[^()]*)\)", right)
    fixed = re.sub(r"\+?\s*\([^()]*\|[^()]*\)", "", right)
    if "|" in fixed or "(" in fixed:
        raise FormulaError(f"{formula!r}: a random term is written as (1 + x | group)")
    names, columns = _expand_fixed(_split_terms(fixed), frame, order)
    kept = _find_independent(columns.rows * np.sqrt(columns.counts)[:, None])
    random = [part for text in random_texts for part in _build_parts(text, frame, order)]
    return Design(
        formula=formula,
        y=_numbers(outcome.strip(), frame),
        fixed=columns.take(columns=kept),
        names=tuple(names[column] for column in kept),
        random=tuple(random),
        dropped=tuple(name for column, name in enumerate(names) if column not in set(kept)),
    )


def _split_terms(text: str) -> list[tuple[str, ...]]:
    """Every term as the names that it multiplies, the intercept as (); in R's order, main effects first."""
    terms: list[tuple[str, ...]] = [()]
    for piece in filter(None, (part.strip() for part in text.split("+"))):
        if piece in ("0", "-1"):
            terms.remove(())
        elif piece != "1":
            factors = [factor.strip() for factor in re.split(r"[*:]", piece)]
            bad = [factor for factor in factors if not NAME.fullmatch(factor)]
            if bad:
                raise FormulaError(f"{piece!r}: {bad[0]!r} is not the name of a column")
            subsets = _subsets(factors) if "*" in piece else [tuple(factors)]
            terms.extend(term for term in subsets if term not in terms)
    return sorted(terms, key=len)


def _subsets(factors: list[str]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for factor in factors:
        found += [(*subset, factor) for subset in found]
    return sorted(found[1:], key=len)


def _expand_fixed(
    terms: list[tuple[str, ...]], frame: pl.DataFrame, levels: Mapping[str, tuple[str, ...]]
) -> tuple[list[str], FixedPart]:
    """The fixed columns, over the frame's different rows where these are few."""
    needed = sorted({name for term in terms for name in term} & set(frame.columns))
    different, index = _number_rows(frame, needed)
    few = different.height * FEW <= frame.height
    names, rows = _expand(terms, different if few else frame, levels)
    return names, FixedPart(rows, index if few else None)


def _number_rows(frame: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, Index]:
    """The different rows of some columns, and each row's number among them."""
    if not names:
        return frame.head(1), np.zeros(frame.height, dtype=np.intp)
    number = np.zeros(frame.height, dtype=np.intp)
    for name in names:
        own = frame[name].rank("dense").fill_null(0).to_numpy().astype(np.intp)
        number = np.unique(number * (int(own.max(initial=0)) + 1) + own, return_inverse=True)[1].reshape(-1)
    first = np.unique(number, return_index=True)[1]
    return frame[first], number


def _expand(
    terms: list[tuple[str, ...]], frame: pl.DataFrame, levels: Mapping[str, tuple[str, ...]]
) -> tuple[list[str], Array]:
    names: list[str] = []
    columns: list[Array] = []
    for term in terms:
        blocks: list[tuple[str, Array]] = [("(Intercept)" if not term else "", np.ones(frame.height))]
        for factor in term:
            codings = _code(factor, frame, levels)
            blocks = [
                (f"{before}:{name}" if before else name, product * column)
                for name, column in codings
                for before, product in blocks
            ]
        names += [name for name, _ in blocks]
        columns += [column for _, column in blocks]
    return names, np.column_stack(columns) if columns else np.empty((frame.height, 0))


def _code(name: str, frame: pl.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> list[tuple[str, Array]]:
    """A covariate as itself, a factor as one column of 0 and 1 for every level but the first."""
    if name not in frame.columns:
        raise FormulaError(f"there is no column {name!r}")
    series = frame[name]
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return [(name, _numbers(name, frame))]
    ordered = levels.get(name) or tuple(sorted(series.unique().to_list()))
    return [(f"{name}{level}", (series == level).cast(pl.Float64).to_numpy()) for level in ordered[1:]]


def _numbers(name: str, frame: pl.DataFrame) -> Array:
    if name not in frame.columns:
        raise FormulaError(f"there is no column {name!r}")
    values = frame[name].cast(pl.Float64).to_numpy()
    if not np.isfinite(values).all():
        raise FormulaError(f"column {name!r} has empty cells; leave those rows out first")
    return np.asarray(values, dtype=np.float64)


def _build_parts(text: str, frame: pl.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> list[RandomPart]:
    terms, _, group = text.partition("||") if "||" in text else text.partition("|")
    group = group.strip()
    if group not in frame.columns:
        raise FormulaError(f"({text.strip()}): there is no column {group!r}")
    names, columns = _expand(_split_terms(terms), frame, levels)
    found = number_levels(frame[group])
    chosen = [[position] for position in range(len(names))] if "||" in text else [list(range(len(names)))]
    return [
        RandomPart(
            group=group,
            names=tuple(names[position] for position in positions),
            columns=columns[:, positions],
            index=found.index,
            levels=found.values,
        )
        for positions in chosen
    ]


def _find_independent(x: Array) -> list[int]:
    """Columns from the left that do not follow from those before them (Gram–Schmidt; relative tolerance 1e-9)."""
    kept: list[int] = []
    basis = np.empty((len(x), 0))
    for position in range(x.shape[1]):
        column = x[:, position]
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > 1e-9 * max(float(np.linalg.norm(column)), 1e-300):
            kept.append(position)
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return kept
