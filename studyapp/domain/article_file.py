"""Reading an article file (JSON Lines or CSV, UTF-8): every row with its line number, good or bad."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from studyapp.domain.article_text import FIELDS, ArticleFields, RowError, parse_article

MAX_FIELD = 1_000_000  # characters in one CSV field


@dataclass(frozen=True)
class GoodRow:
    line: int
    article: ArticleFields


@dataclass(frozen=True)
class BadRow:
    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True)
class ArticleFile:
    """A file as it was read. `ignored_columns` are those that Byline does not know."""

    good: tuple[GoodRow, ...]
    bad: tuple[BadRow, ...]
    ignored_columns: tuple[str, ...]


class UnreadableFileError(ValueError):
    """The file as a whole is no article file; the message says what to do."""


def read_article_file(content: bytes, *, name: str) -> ArticleFile:
    """Read a file by its ending: .csv, or .jsonl (.ndjson, .json with an object a line).

    Raises:
        UnreadableFileError: not UTF-8, no known ending, no row at all, or a CSV without the columns it needs.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableFileError(f"{name} is not UTF-8 (line {line}); save it as UTF-8 and try again") from None
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        rows = _read_csv(text, name=name)
    elif ending in ("jsonl", "ndjson", "json"):
        rows = _read_json_lines(text)
    else:
        raise UnreadableFileError(f"{name}: the name must end in .jsonl, .json or .csv")
    return _sort_rows(rows, name=name)


def _sort_rows(rows: Iterable[tuple[int, dict[str, object] | str]], *, name: str) -> ArticleFile:
    good: list[GoodRow] = []
    bad: list[BadRow] = []
    ignored: dict[str, None] = {}
    for line, row in rows:
        if isinstance(row, str):
            bad.append(BadRow(line, row))
            continue
        ignored.update(dict.fromkeys(str(key) for key in row if key not in FIELDS))
        try:
            good.append(GoodRow(line, parse_article(row)))
        except RowError as error:
            bad.append(BadRow(line, str(error)))
    if not good and not bad:
        raise UnreadableFileError(f"{name} holds no article")
    return ArticleFile(tuple(good), tuple(bad), tuple(ignored))


def _read_json_lines(text: str) -> Iterator[tuple[int, dict[str, object] | str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            yield number, f"no JSON object ({error})"
            continue
        yield number, row if isinstance(row, dict) else "must be a JSON object, with title and body"


def _read_csv(text: str, *, name: str) -> Iterator[tuple[int, dict[str, object] | str]]:
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip() for column in next(reader, [])]
    except csv.Error as error:
        raise UnreadableFileError(f"{name} is no CSV: {error}") from None
    missing = [column for column in ("title", "body") if column not in header]
    if missing:
        raise UnreadableFileError(f"{name}: the first line must name the columns; missing: {', '.join(missing)}")
    if doubled := sorted({column for column in header if header.count(column) > 1}):
        raise UnreadableFileError(f"{name}: a column stands twice in the first line: {', '.join(doubled)}")
    return _pair_with_header(reader, header)


def _pair_with_header(reader: Any, header: list[str]) -> Iterator[tuple[int, dict[str, object] | str]]:
    line = reader.line_num + 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield line, f"no CSV row ({error}); the rows after it were not read"
            return
        if row is None:
            return
        if any(row):
            fits = len(row) == len(header)
            yield line, dict(zip(header, row, strict=True)) if fits else f"{len(row)} fields, not {len(header)}"
        line = reader.line_num + 1
