"""Who took part: the answers to the study's own questions, in all and by arm, with small groups kept back."""

from dataclasses import asdict

from analysis.sections import Section, Table
from analysis.study import Study
from analysis.took_part import FEWEST, PREFERS_NOT, Asked, Cell, Quartiles, TookPart, describe_people

MEANING = (
    "Who the analysed participants are, as far as they were asked. The study’s answer holds for people like these; and "
    "arms whose people are much alike can be compared with less doubt."
)
FORMULA = (
    "Of the participants who are analysed: n, and % of those who answered the question; of numbers the median and the "
    f"quartiles. Groups of fewer than {FEWEST} are not told, nor any number from which theirs would follow. Spread: "
    "the largest share less the smallest of all arms, in percentage points."
)
LIMITS = (
    "People were put into arms by chance, so no test is made of these differences: with many answers and arms some are "
    "large by chance alone. What people say about themselves is what they say."
)


def write(study: Study) -> Section:
    """Count and lay out."""
    found = describe_people(study)
    return Section(
        name="took_part",
        title="Who took part",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        status="descriptive",
        results=asdict(found),
        context={
            "found": found,
            "labels": study.labels,
            "told": _tell(found),
            "words": [asked for asked in found.questions if asked.kind == "words"],
            "prefers_not": PREFERS_NOT,
            "has_hidden": any(_has_hidden(asked) for asked in found.questions),
        },
        tables={"took_part": _tabulate(found)},
    )


def _tell(found: TookPart) -> str:
    if not found.questions:
        return "Nothing was asked about who they are, or the answers are not in the bundle."
    rows = [
        (row.spread, row.answer, asked) for asked in found.questions for row in asked.rows if row.spread is not None
    ]
    if not rows:
        return ""
    spread, answer, asked = max(rows, key=lambda row: row[0])
    named = "Prefer not to say" if answer == PREFERS_NOT else answer
    return f"The arms differ most in “{named}” ({asked.text.rstrip('.')}), by {100 * spread:.0f} points."


def _has_hidden(asked: Asked) -> bool:
    cells = [cell.n for row in asked.rows for cell in (row.total, *row.arms)]
    return None in cells or None in [part.n for part in (asked.total, *asked.arms) if part is not None]


def _tabulate(found: TookPart) -> Table:
    """A row an answer and a group; the empty arm is all of them, an empty n one that is not told."""
    groups = ("", *found.arms)
    rows: list[tuple[object, ...]] = []
    for asked in found.questions:
        for row in asked.rows:
            cells = zip(groups, (row.total, *row.arms), strict=True)
            rows += [_lay_cell(asked, row.answer, arm, cell) for arm, cell in cells]
        if asked.total is not None:
            parts = zip(groups, (asked.total, *asked.arms), strict=True)
            rows += [_lay_quartiles(asked, arm, part) for arm, part in parts]
    return Table(("question", "answer", "arm", "n", "share", "first_quartile", "median", "third_quartile"), rows)


def _lay_cell(asked: Asked, answer: str, arm: str, cell: Cell) -> tuple[object, ...]:
    return (asked.name, answer, arm, cell.n, cell.share, None, None, None)


def _lay_quartiles(asked: Asked, arm: str, part: Quartiles) -> tuple[object, ...]:
    return (asked.name, "", arm, part.n, None, part.low, part.median, part.high)
