"""One cell of a bundle: a value as text, the text as a value, and what spreadsheets would make of it."""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime

ID_REMOVED = "[id removed]"

# Ids as panels give them: Prolific's 24 hexadecimal digits; MTurk's A with twelve or more capitals and digits
_PANEL_ID = re.compile(r"\b(?:[0-9a-fA-F]{24}|A(?=[0-9A-Z]*\d)[0-9A-Z]{12,20})\b")
_MARKS = {
    "an e-mail address": re.compile(r"\S+@\S+\.\w"),
    "an address of the web": re.compile(r"https?://|www\.", flags=re.IGNORECASE),
    "a long number": re.compile(r"(?:\d[ ()/+-]*){6,}"),
    "an id": _PANEL_ID,
    "somebody of oneself": re.compile(
        r"\b(?:my name is|I am called|I work (?:at|for|as)|I live)\b", flags=re.IGNORECASE
    ),
    "a handle": re.compile(r"(?<!\w)@\w{3,}"),
}
_WORD = re.compile(r"\w(?:[\w.@:+-]*\w)?")  # as far as an id may reach
# What a spreadsheet takes for a formula: at the beginning of a cell, or behind a character that it may part cells at
_FORMULA = re.compile(r"""(^|[;,|\t\r\n])([\s"]*)(?=[=+\-@＝＋－＠])""")


class CellError(ValueError):
    """A cell that cannot hold what its column says; the message says what it must be."""


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond, ending in Z (times are stored in UTC)."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def format_cell(value: object) -> str:
    """A value as the bundle's tables write it; unknown is empty."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return format_time(value)
    return str(value)


def guard_formulas(cell: str) -> str:
    """The cell with an apostrophe before whatever a spreadsheet would work out, which it then shows as text."""
    return _FORMULA.sub(r"\1\2'", cell)


def remove_ids(text: str, *, own: tuple[str | None, ...] = (), others: Collection[str] = frozenset()) -> str:
    """Free text without the platform's ids of who wrote it, those of `others` (casefolded), and what looks like one."""
    for name in sorted({name for name in own if name}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", ID_REMOVED, text, flags=re.IGNORECASE)
    if others:
        text = _WORD.sub(lambda word: ID_REMOVED if word[0].casefold() in others else word[0], text)
    return _PANEL_ID.sub(ID_REMOVED, text)


def find_marks(text: str) -> list[str]:
    """What in a free text may tell who wrote it; no list of such things is ever whole, so people read it all."""
    return [name for name, pattern in _MARKS.items() if pattern.search(text)]


def parse_time(cell: str) -> datetime | None:
    """The moment that `format_time` wrote; empty is None.

    Raises:
        CellError: it is no time in UTC.
    """
    if not cell:
        return None
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise CellError("must be a time in UTC, as 2026-01-31T12:00:00.000000Z, or empty")
    return moment.astimezone(UTC)


def parse_day(cell: str) -> date | None:
    """A day of the calendar; empty is None.

    Raises:
        CellError: it is none.
    """
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError:
        raise CellError("must be a day, as 2026-01-31, or empty") from None


def parse_flag(cell: str) -> bool | None:
    """1 or 0; empty is None.

    Raises:
        CellError: it is something else.
    """
    if cell not in ("", "0", "1"):
        raise CellError("must be 1, 0 or empty")
    return None if not cell else cell == "1"


def parse_integer(cell: str, *, least: int = 0, most: int = 2**63 - 1) -> int | None:
    """A whole number; empty is None.

    Raises:
        CellError: it is none, or outside its bounds.
    """
    if not cell:
        return None
    if not re.fullmatch(r"-?\d{1,19}", cell, flags=re.ASCII) or not least <= int(cell) <= most:
        raise CellError(f"must be a whole number from {least} to {most}, or empty")
    return int(cell)


def parse_number(cell: str, *, least: float = 0.0, most: float = 1e12) -> float | None:
    """A number; empty is None.

    Raises:
        CellError: it is none, or outside its bounds.
    """
    if not cell:
        return None
    try:
        number = float(cell)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:  # neither holds for NaN
        raise CellError(f"must be a number from {least:g} to {most:g}, or empty")
    return number
