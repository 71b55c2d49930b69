"""Writing a bundle's .zip row by row: whatever its length, only a row of it is in memory."""

import csv
import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from studyapp.domain.bundle_cells import format_cell, guard_formulas
from studyapp.domain.public_release import Column

ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # a bundle's bytes hang on its content alone
BUFFERED_ROWS = 500
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it a spreadsheet does not take a CSV for UTF-8
TEXT_KINDS = ("text", "list", "JSON")


class _Lines:
    """What csv.writer writes into: a list of lines that is emptied again and again."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line)

    def take(self) -> bytes:
        encoded = "".join(self.lines).encode()
        self.lines.clear()
        return encoded


class BundleWriter:
    """A .zip in the making. `counts` and `digests` grow with every file that is written."""

    def __init__(self, path: Path, *, for_spreadsheets: bool = False) -> None:
        self.counts: dict[str, int] = {}
        self.digests: dict[str, str] = {}
        self._for_spreadsheets = for_spreadsheets
        self._archive = zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def write_table(self, name: str, columns: Sequence[Column], rows: Iterable[Mapping[str, object]]) -> None:
        """Stream one table into the archive; the cells of a row are those of `columns`, and no others."""
        digest, count = hashlib.sha256(), 0
        names = [column.name for column in columns]
        guarded = {c.name for c in columns if self._for_spreadsheets and c.kind in TEXT_KINDS}
        lines = _Lines()
        writer = csv.writer(lines, lineterminator="\r\n")
        with self._archive.open(_zip_entry(name), "w", force_zip64=True) as file:

            def put(encoded: bytes) -> None:
                digest.update(encoded)
                file.write(encoded)

            if self._for_spreadsheets:
                put(BYTE_ORDER_MARK)
            writer.writerow(names)
            for row in rows:
                cells = [format_cell(row[name]) for name in names]
                if guarded:
                    cells = [guard_formulas(c) if name in guarded else c for name, c in zip(names, cells, strict=True)]
                writer.writerow(cells)
                count += 1
                if count % BUFFERED_ROWS == 0:
                    put(lines.take())
            put(lines.take())
        self.counts[name], self.digests[name] = count, digest.hexdigest()

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        self._archive.writestr(_zip_entry(name), text)
        self.digests[name] = hashlib.sha256(text.encode()).hexdigest()


def _zip_entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=ZIP_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
