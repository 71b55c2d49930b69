"""A row of a bundle's table as values: each cell that cannot be is a fault that names file, row and column."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from studyapp.domain.bundle_cells import CellError, parse_day, parse_flag, parse_integer, parse_number, parse_time

SHOWN_FAULTS = 20
MAX_TEXT = 1_000_000
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # read in place of a time whose fault is on the list, so never stored
T = TypeVar("T")


class BundleFaultError(ValueError):
    """A bundle that cannot be loaded; `faults` say where and why."""

    def __init__(self, faults: list[str]) -> None:
        shown = faults[:SHOWN_FAULTS]
        if len(faults) > len(shown):
            shown.append("… and more faults after these")
        super().__init__("\n".join(shown))
        self.faults = faults


class RowCells:
    """The cells of one row, read by kind. A fault is appended to `faults`, and None read in its place."""

    def __init__(self, row: Mapping[str, str], *, where: str, faults: list[str]) -> None:
        self._row = row
        self._where = where
        self._faults = faults

    def refuse(self, reason: str) -> None:
        """Say what is wrong with the row as a whole."""
        self._faults.append(f"{self._where}: {reason}")

    def text(self, name: str, *, most: int = MAX_TEXT, needed: bool = False) -> str:
        cell = self._row.get(name, "")
        if "\x00" in cell:
            self._fault(name, "must hold no NUL character")
        elif len(cell) > most:
            self._fault(name, f"must have {most} characters at the most, not {len(cell)}")
        elif needed and not cell:
            self._fault(name, "must not be empty")
        return cell

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        cell = self._row.get(name, "")
        if cell not in choices:
            self._fault(name, f"must be one of {', '.join(choices)}")
        return cell

    def flag(self, name: str) -> bool | None:
        return self._parse(name, parse_flag)

    def needed_flag(self, name: str) -> bool:
        return bool(self._need(name, self.flag(name)))

    def integer(self, name: str, *, least: int = 0, most: int = 2**63 - 1) -> int | None:
        return self._parse(name, lambda cell: parse_integer(cell, least=least, most=most))

    def needed_integer(self, name: str, *, least: int = 0, most: int = 2**63 - 1) -> int:
        return self._need(name, self.integer(name, least=least, most=most)) or least

    def number(self, name: str, *, least: float = 0.0) -> float | None:
        return self._parse(name, lambda cell: parse_number(cell, least=least))

    def time(self, name: str) -> datetime | None:
        return self._parse(name, parse_time)

    def times(self, name: str) -> list[datetime]:
        """Moments parted by ; in their order."""
        cell = self._row.get(name, "")
        moments = [self._parse_cell(name, part, parse_time) for part in cell.split(";")] if cell else []
        return [moment for moment in moments if moment is not None]

    def needed_time(self, name: str) -> datetime:
        return self._need(name, self.time(name)) or NO_TIME

    def day(self, name: str) -> date | None:
        return self._parse(name, parse_day)

    def json(self, name: str, kind: type) -> Any:
        """A JSON list or object; an empty cell is an empty one."""
        cell = self._row.get(name, "")
        try:
            value = json.loads(cell) if cell else kind()
            json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError):  # no JSON, or half a surrogate pair
            value = None
        if not isinstance(value, kind) or "\\u0000" in cell:
            self._fault(name, f"must be a JSON {'list' if kind is list else 'object'}")
            return kind()
        return value

    def _parse(self, name: str, parse: Callable[[str], T]) -> T | None:
        return self._parse_cell(name, self._row.get(name, ""), parse)

    def _parse_cell(self, name: str, cell: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(cell)
        except CellError as error:
            self._fault(name, str(error))
            return None

    def _need(self, name: str, value: T | None) -> T | None:
        if value is None and not self._row.get(name, ""):
            self._fault(name, "must not be empty")
        return value

    def _fault(self, name: str, reason: str) -> None:
        cell = self._row.get(name, "")
        shown = "empty" if not cell else repr(cell if len(cell) <= 60 else cell[:57] + "…")
        self._faults.append(f"{self._where}: {name} is {shown}; it {reason}")
