"""Reading an article file (JSON Lines or CSV, UTF-8): every row with its line number, good or bad."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from studyapp.domain.article_text import ArticleFields, RowError, parse_article
from studyapp.domain.column_names import ColumnError, complete_columns

MAX_FIELD = 1_000_000  # characters in one CSV field
MAX_LINE = 4_000_000  # characters in one line of JSON Lines
MAX_ROWS = 500_000


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


@dataclass(frozen=True)
class RowFile:
    """A file whose rows are parted and not read yet: by line, a row's values by column, or what is wrong with it.

    `columns` are those of the first line of a CSV, or every key of a JSON Lines file in the order in which they come.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, object] | str], ...]


def read_article_file(content: bytes, *, name: str, columns: Mapping[str, str] | None = None) -> ArticleFile:
    """Read a file by its ending: .csv, or .jsonl (.ndjson, .json with an object a line).

    `columns` says in which column a field stands that is called otherwise there, as {"body": "text"}.

    Raises:
        UnreadableFileError: not UTF-8, no known ending, no row at all, or without the columns that it needs.
    """
    return read_articles(part_rows(content, name=name), columns=columns or {})


def part_rows(content: bytes, *, name: str) -> RowFile:
    """Part a file into its rows.

    Raises:
        UnreadableFileError: not UTF-8, no known ending, or a first line that names no columns.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableFileError(f"{name} is not UTF-8 (line {line}); save it as UTF-8 and try again") from None
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return _part_csv(text, name=name)
    if ending in ("jsonl", "ndjson", "json"):
        rows = _bound_rows(_read_json_lines(text), name=name)
        keys = dict.fromkeys(key for _, row in rows if isinstance(row, dict) for key in row)
        return RowFile(name, tuple(keys), rows)
    raise UnreadableFileError(f"{name}: the name must end in .jsonl, .json or .csv")


def read_articles(file: RowFile, *, columns: Mapping[str, str]) -> ArticleFile:
    """The articles of a file's rows, each good or bad.

    Raises:
        UnreadableFileError: the file has no row, or the columns cannot be what is said.
    """
    if not file.rows:
        raise UnreadableFileError(f"{file.name} holds no article")
    if not any(isinstance(row, dict) for _, row in file.rows):
        return ArticleFile((), tuple(BadRow(line, str(row)) for line, row in file.rows), ())
    try:
        fields = complete_columns(columns, file.columns)
    except ColumnError as error:
        raise UnreadableFileError(f"{file.name}: {error}") from None
    good: list[GoodRow] = []
    bad: list[BadRow] = []
    for line, row in file.rows:
        if isinstance(row, str):
            bad.append(BadRow(line, row))
            continue
        try:
            good.append(GoodRow(line, parse_article({field: row.get(fields[field]) for field in fields})))
        except RowError as error:
            bad.append(BadRow(line, str(error)))
    read = set(fields.values())
    return ArticleFile(tuple(good), tuple(bad), tuple(column for column in file.columns if column not in read))


_Rows = Iterator[tuple[int, dict[str, object] | str]]


def _bound_rows(rows: _Rows, *, name: str) -> tuple[tuple[int, dict[str, object] | str], ...]:
    bounded = tuple(islice(rows, MAX_ROWS + 1))
    if len(bounded) > MAX_ROWS:
        raise UnreadableFileError(f"{name} has more than {MAX_ROWS:,} rows; part it into several files")
    return bounded


def _read_json_lines(text: str) -> Iterator[tuple[int, dict[str, object] | str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            yield number, f"longer than {MAX_LINE:,} characters"
            continue
        try:
            row = json.loads(line, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:  # a number of thousands of digits is no JSONDecodeError
            yield number, f"no JSON object ({error})"
            continue
        if isinstance(row, dict):
            yield number, {_make_printable(key): value for key, value in row.items()}
        else:
            yield number, "must be a JSON object, with title and body"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _make_printable(key: str) -> str:
    """A key that a page can show: half a surrogate pair is no text."""
    return key.encode("utf-8", "replace").decode("utf-8")


def _part_csv(text: str, *, name: str) -> RowFile:
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip() for column in next(reader, [])]
    except csv.Error as error:
        raise UnreadableFileError(f"{name} is no CSV: {error}") from None
    if not any(header):
        raise UnreadableFileError(f"{name}: the first line must name the columns; it is empty")
    if doubled := sorted({column for column in header if header.count(column) > 1}):
        raise UnreadableFileError(f"{name}: a column stands twice in the first line: {', '.join(doubled)}")
    return RowFile(name, tuple(filter(None, header)), _bound_rows(_pair_with_header(reader, header), name=name))


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
