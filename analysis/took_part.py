"""Who took part, by the study's own questions: how many of those analysed gave which answer, in all and by arm.

Shares are of those who answered the question (to prefer not to say is an answer); where several answers could be
chosen they need not add up to 100 %. A number is told by its median and quartiles. No count from 1 to 4 is given, in
any file, nor one from which such a count follows: where one number of a row, or of a column that adds up to a known
total, is hidden, the next smallest is hidden too (complementary suppression; Hundepool et al. 2012, §4.2). Answers
that were not declared as choices are named only where they are given by five or more. Free words are not told at all.

There is no test by arm: people are put into arms by chance, so that a difference is one of chance (CONSORT 2010,
item 15) unless people were lost unevenly, which is tested elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.load import Bundle
from analysis.schema import PARTICIPANTS
from analysis.study import Study

FEWEST = 5  # smaller groups could point to a person
MOST_ANSWERS = 12  # of a question; the rest are one row
MOST_ARMS = 12  # with more there are totals alone
OTHERS, PREFERS_NOT = "other answers", "prefer_not_to_say"
NOT_QUESTIONS = frozenset({"completed_after"})  # a public bundle's minutes
Kind = Literal["choice", "choices", "number", "words"]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Cell:
    """How many, and of those who answered which share; both None where it is not told."""

    n: int | None
    share: float | None


@dataclass(frozen=True)
class Row:
    """One answer. `spread`: its largest share in an arm less its smallest; None with one arm or a hidden cell."""

    answer: str
    total: Cell
    arms: tuple[Cell, ...]
    spread: float | None


@dataclass(frozen=True)
class Quartiles:
    """Of the numbers of a group; None throughout where fewer than five gave one."""

    n: int | None
    low: float | None = None
    median: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Asked:
    """One question. `answered` of the analysed gave an answer; a number has quartiles in place of rows."""

    name: str
    text: str
    kind: Kind
    answered: int
    rows: tuple[Row, ...] = ()
    total: Quartiles | None = None
    arms: tuple[Quartiles, ...] = ()


@dataclass(frozen=True)
class TookPart:
    """`analysed` people by arm (no arms where there is one, or too many), and the questions in their order."""

    analysed: int
    arms: tuple[str, ...]
    by_arm: tuple[int, ...]
    questions: tuple[Asked, ...]


def describe_people(study: Study) -> TookPart:
    """Every question of the study's own, and the language of the pages where there were several."""
    people = study.bundle.participants.join(
        study.scores.participants.select("participant"), on="participant", how="semi", maintain_order="left"
    )
    arms = tuple(study.arms) if 1 < len(study.arms) <= MOST_ARMS else ()
    groups = [(people["arm"] == arm).to_numpy() for arm in arms]
    declared = read_questions(study.bundle)
    asked = [_describe(people[name], declared.get(name, {}), groups) for name in _list_columns(people, declared)]
    return TookPart(
        analysed=people.height,
        arms=arms,
        by_arm=tuple(int(group.sum()) for group in groups),
        questions=tuple(question for question in asked if question.answered),
    )


def read_questions(bundle: Bundle) -> dict[str, Mapping[str, Any]]:
    """The study's own questions by name, as frozen; empty without a design."""
    design = bundle.manifest.get("design")
    listed = design.get("questions") if isinstance(design, Mapping) else None
    entries = listed if isinstance(listed, Sequence) and not isinstance(listed, str) else []
    return {str(entry["name"]): entry for entry in entries if isinstance(entry, Mapping) and entry.get("name")}


def _list_columns(people: pl.DataFrame, declared: Mapping[str, Any]) -> list[str]:
    own = {column.name for column in PARTICIPANTS.columns} | NOT_QUESTIONS
    names = [name for name in people.columns if name not in own]
    ordered = [*(name for name in declared if name in names), *(name for name in names if name not in declared)]
    return (["language"] if people["language"].n_unique() > 1 else []) + ordered


def _describe(series: pl.Series, declared: Mapping[str, Any], groups: Sequence[NDArray[np.bool_]]) -> Asked:
    cells = [str(cell).strip() if cell is not None and str(cell).strip() else None for cell in series]
    answered = sum(cell is not None for cell in cells)
    kind = _find_kind(cells, declared)
    asked = Asked(series.name, str(declared.get("text") or series.name), kind, answered)
    if kind == "words":
        return asked
    if kind == "number":
        values = np.array([_read_number(cell) for cell in cells])
        arms = tuple(_find_quartiles(values[group]) for group in groups)
        return Asked(asked.name, asked.text, kind, answered, total=_find_quartiles(values), arms=arms)
    rows = _count(cells, declared, groups, is_exclusive=kind == "choice")
    return Asked(asked.name, asked.text, kind, answered, rows=rows)


def _find_kind(cells: Sequence[str | None], declared: Mapping[str, Any]) -> Kind:
    """As declared; of columns that nobody declared, by what stands in them."""
    stated = declared.get("type", "choice" if declared else "")
    if stated == "choices":
        return "choices"
    if stated in ("short_text", "long_text"):
        return "words"
    if stated in ("number", "scale"):
        return "number"
    if stated:
        return "choice"
    known = [cell for cell in cells if cell is not None]
    if len({*known}) <= MOST_ANSWERS:
        return "choice"
    if all(np.isfinite(_read_number(cell)) for cell in known):
        return "number"
    return "words"


def _read_number(cell: str | None) -> float:
    try:
        value = float(cell) if cell is not None else np.nan
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def _find_quartiles(values: NDArray[np.float64]) -> Quartiles:
    known = values[~np.isnan(values)]
    if 0 < len(known) < FEWEST:
        return Quartiles(None)
    if not len(known):
        return Quartiles(0)
    low, median, high = (float(value) for value in np.quantile(known, (0.25, 0.5, 0.75)))
    return Quartiles(len(known), low, median, high)


def _count(
    cells: Sequence[str | None],
    declared: Mapping[str, Any],
    groups: Sequence[NDArray[np.bool_]],
    *,
    is_exclusive: bool,
) -> tuple[Row, ...]:
    said = [() if cell is None else (cell,) if is_exclusive else tuple(filter(None, cell.split(";"))) for cell in cells]
    answers = _list_answers(said, declared)
    place = {answer: number for number, answer in enumerate(answers)}
    marks = np.zeros((len(cells), len(answers)), dtype=np.int64)
    for person, given in enumerate(said):
        for answer in given:
            marks[person, place.get(answer, place.get(OTHERS, 0))] = 1
    bases = np.array([sum(map(bool, said)), *(sum(bool(said[n]) for n in np.flatnonzero(group)) for group in groups)])
    counts = np.stack([marks.sum(0), *(marks[group].sum(0) for group in groups)], axis=1)
    hidden = hide_small(counts, bases, is_exclusive=is_exclusive)
    return tuple(_make_row(answer, counts[n], hidden[n], bases) for n, answer in enumerate(answers))


def _list_answers(said: Sequence[Sequence[str]], declared: Mapping[str, Any]) -> list[str]:
    """The declared choices in their order, then what enough people said besides, the most frequent first."""
    frequent: dict[str, int] = {}
    for given in said:
        for answer in {*given}:
            frequent[answer] = frequent.get(answer, 0) + 1
    choices = declared.get("choices")
    is_list = isinstance(choices, Sequence) and not isinstance(choices, str)
    known = [str(choice) for choice in choices or ()] if is_list else []
    besides = sorted(
        (a for a, n in frequent.items() if a not in known and a != PREFERS_NOT and n >= FEWEST),
        key=lambda answer: (-frequent[answer], answer),
    )[:MOST_ANSWERS]
    last = [PREFERS_NOT] if PREFERS_NOT in frequent else []
    named = list(dict.fromkeys([*known, *besides, *last]))
    return named + ([OTHERS] if {*frequent} - {*named} else [])


def hide_small(counts: Counts, bases: Counts, *, is_exclusive: bool) -> NDArray[np.bool_]:
    """Which cells are not told. `counts` are answers x (all, then the arms); `bases` how many answered in each column.

    A column adds up to its base where one answer excludes the others; a row adds up to its first cell. A line in which
    a single cell is hidden would give it away, so the smallest of the others is hidden too, until no such line is left.
    """
    hidden = (counts > 0) & (counts < FEWEST)
    hidden |= (bases > 0) & (bases < FEWEST) & (counts >= 0)  # of a handful of people nothing is told
    while True:
        lines = [(hidden[row], counts[row]) for row in range(len(counts)) if counts.shape[1] > 1]
        if is_exclusive:
            lines += [(hidden[:, column], counts[:, column]) for column in range(counts.shape[1])]
        alone = [(mask, own) for mask, own in lines if mask.sum() == 1 and not mask.all()]
        if not alone:
            return hidden
        for mask, own in alone:
            if mask.sum() == 1:
                mask[np.argmin(np.where(mask | (own == 0), own.max() + 1, own))] = True


def _make_row(answer: str, counts: Counts, hidden: NDArray[np.bool_], bases: Counts) -> Row:
    cells = [
        Cell(None, None) if mask else Cell(int(n), float(n / base) if base else None)
        for n, mask, base in zip(counts, hidden, bases, strict=True)
    ]
    shares = [cell.share for cell in cells[1:]]
    known = [share for share in shares if share is not None]
    spread = max(known) - min(known) if len(known) == len(shares) > 1 else None
    return Row(answer, cells[0], tuple(cells[1:]), spread)
