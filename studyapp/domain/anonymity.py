"""k-anonymity of a table of people: nobody stands alone with what somebody else could know of them.

Two rows are alike when all their quasi-identifiers read the same. A table is k-anonymous when every row is like at
least k - 1 others (Samarati 1998; Sweeney 2002). It is reached in two steps, both of which only ever take away:

1. Coarsening, the whole column at once (so that its bands never overlap): while more than `TOLERATED` of the rows stand
   in classes smaller than k, the column with the most different values is read one step coarser (Sweeney's Datafly).
2. Suppression, cell by cell: the rows that are left in small classes have their cells emptied, the column with the most
   different values first, until their class is large enough. Where even rows with nothing left are too few, others join
   them: as many of the largest class as it can spare, or else the smallest class.

What it does not do: it hides no value that a whole class shares, and it does not guard against somebody who joins two
different releases of the same study.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Row = tuple[str, ...]
Step = Callable[[str], str]
TOLERATED = 0.05  # share of rows in small classes that is suppressed rather than coarsening everybody's column
DEFAULT_K = 5
MOST_K = 1000


class NotAnonymousError(ValueError):
    """The table cannot be made k-anonymous; the message says why and what to do."""


@dataclass(frozen=True)
class Ladder:
    """How a column is coarsened: `steps` from fine to coarse, each applied to the value as it was given.

    The first step is always taken; without one a value stands as it is, and can only be emptied.
    """

    column: str
    steps: tuple[Step, ...] = ()

    def read(self, value: str, *, level: int) -> str:
        """The value at a level: 0 is the first step. An empty cell stays empty."""
        return self.steps[min(level, len(self.steps) - 1)](value) if value and self.steps else value


@dataclass(frozen=True)
class AnonymousTable:
    """The rows as they may be published, in the order in which they came, and what was done to them."""

    rows: tuple[Row, ...]
    k_asked: int
    k_reached: int | None  # the smallest class; None without any row
    levels: Mapping[str, int] = field(default_factory=dict)
    suppressed: Mapping[str, int] = field(default_factory=dict)  # cells emptied, by column
    rows_touched: int = 0  # rows with at least one cell emptied


def anonymise(rows: Sequence[Row], *, ladders: Sequence[Ladder], k: int) -> AnonymousTable:
    """Coarsen and suppress until every row is like k - 1 others.

    Raises:
        NotAnonymousError: there are rows, but fewer than k; or k is out of range.
    """
    if not 2 <= k <= MOST_K:
        raise NotAnonymousError(f"k is {k}; it must be from 2 to {MOST_K}")
    if 0 < len(rows) < k:
        raise NotAnonymousError(
            f"there are {len(rows)} participants, and k = {k} cannot be reached with fewer than {k}; "
            "choose a smaller k, or publish no rows of people"
        )
    levels = _choose_levels(rows, ladders=ladders, k=k)
    coarse = [
        tuple(ladder.read(value, level=level) for value, ladder, level in zip(row, ladders, levels, strict=True))
        for row in rows
    ]
    published = _suppress(coarse, k=k)
    emptied = [
        [bool(before and not after) for before, after in zip(old, new, strict=True)]
        for old, new in zip(coarse, published, strict=True)
    ]
    return AnonymousTable(
        rows=tuple(published),
        k_asked=k,
        k_reached=find_smallest_class(published),
        levels={ladder.column: level for ladder, level in zip(ladders, levels, strict=True)},
        suppressed={ladder.column: sum(row[n] for row in emptied) for n, ladder in enumerate(ladders)},
        rows_touched=sum(any(row) for row in emptied),
    )


def find_smallest_class(rows: Sequence[Row]) -> int | None:
    """The size of the smallest class of rows that are alike: the k that a table has. None without any row."""
    return min(Counter(rows).values(), default=None)


def _choose_levels(rows: Sequence[Row], *, ladders: Sequence[Ladder], k: int) -> list[int]:
    """The level of each column, raised one at a time while too many rows stand in small classes."""
    levels = [0] * len(ladders)
    while True:
        coarse = [
            tuple(ladder.read(value, level=level) for value, ladder, level in zip(row, ladders, levels, strict=True))
            for row in rows
        ]
        if _count_in_small_classes(coarse, k=k) <= TOLERATED * len(rows):
            return levels
        higher = [n for n, ladder in enumerate(ladders) if levels[n] + 1 < len(ladder.steps)]
        if not higher:
            return levels
        levels[max(higher, key=lambda n: (_count_values(coarse, n), -n))] += 1


def _suppress(rows: Sequence[Row], *, k: int) -> list[Row]:
    """Empty cells until every class has k rows; `rows` has at least k of them, or none."""
    published = list(rows)
    width = len(published[0]) if published else 0
    for column in sorted(range(width), key=lambda n: (-_count_values(rows, n), n)):
        sizes = Counter(published)
        published = [_empty(row, column) if sizes[row] < k else row for row in published]
    blank: Row = ("",) * width
    sizes = Counter(published)
    while 0 < sizes[blank] < k:
        lacking = k - sizes[blank]
        others = sorted((size, row) for row, size in sizes.items() if row != blank)
        if others[-1][0] - lacking >= k:
            published = _empty_some(published, others[-1][1], count=lacking)
        else:
            published = _empty_some(published, others[0][1], count=others[0][0])
        sizes = Counter(published)
    return published


def _empty_some(rows: Sequence[Row], row: Row, *, count: int) -> list[Row]:
    """The rows, the first `count` of those that are like `row` with nothing left in them."""
    places = [place for place, own in enumerate(rows) if own == row][:count]
    emptied = set(places)
    return [("",) * len(own) if place in emptied else own for place, own in enumerate(rows)]


def _empty(row: Row, column: int) -> Row:
    return (*row[:column], "", *row[column + 1 :])


def _count_in_small_classes(rows: Sequence[Row], *, k: int) -> int:
    return sum(size for size in Counter(rows).values() if size < k)


def _count_values(rows: Sequence[Row], column: int) -> int:
    return len({row[column] for row in rows})


# --- how the answers to each kind of question are coarsened -------------------------------------------------------


def band(width: int) -> Step:
    """A number read as the band that holds it: band(5) reads 33 as 30-34. What is no number is taken out."""

    def read(value: str) -> str:
        try:
            low = int(float(value) // width) * width
        except (ValueError, OverflowError):
            return ""
        return f"{low}-{low + width - 1}"

    return read


def keep(value: str) -> str:
    """The value as it is."""
    return value


def take_out(value: str) -> str:
    """Nothing of it: for what must not be published at any k."""
    return ""


def keep_year(value: str) -> str:
    """The year of an ISO date or time."""
    return value[:4] if value[:4].isdigit() else ""


COARSENING: dict[str, tuple[Step, ...]] = {
    # kind of a column (as the codebook has it): its steps
    "flag": (keep,),
    "choice": (keep,),  # one of declared answers
    "list": (keep,),
    "integer": (band(5), band(10), band(20)),  # ages and the like
    "number": (band(5), band(10), band(20)),
    "time": (keep_year,),
    "text": (take_out,),  # whatever somebody typed
    "JSON": (take_out,),
}


def declare_ladder(column: str, *, kind: str, values: str = "") -> Ladder:
    """The ladder of a column of that kind; a text that takes only declared `values` is a choice.

    Of a kind that is not known nothing is published.
    """
    known = "choice" if kind == "text" and values else kind
    return Ladder(column, COARSENING.get(known, (take_out,)))
