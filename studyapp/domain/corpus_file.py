"""A corpus file to train on: its name, and whether its first rows are articles. The worker reads the rest."""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import IO, Any

SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".txt", ".txt.gz")  # these and the break are those of `generator.corpus`
DOCUMENT_BREAK = "<|endoftext|>"  # a line of its own between the documents of a text file
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LOOKED_AT = 1000  # rows
MAX_LINE = 10_000_000  # characters


class CorpusFileError(ValueError):
    """The file cannot be trained on; the message names the line and says what to do."""


def check_corpus(file: IO[bytes], *, name: str) -> int:
    """Look at a file's name and at its first thousand rows, or documents of a .txt; how many were looked at.

    Raises:
        CorpusFileError: the name cannot be, the file is not UTF-8, or a row is no article with `title` and `body`.
    """
    if not name.endswith(SUFFIXES):
        raise CorpusFileError(f"{name}: the name must end in {', '.join(SUFFIXES)}.")
    if not NAME.fullmatch(name):
        raise CorpusFileError(f"{name}: rename it with letters, digits, dots, hyphens and underscores alone.")
    try:
        raw: Any = gzip.GzipFile(fileobj=file) if name.endswith(".gz") else file
        text = io.TextIOWrapper(io.BufferedReader(_Unclosed(raw)), encoding="utf-8-sig", newline="")
        kind = name.removesuffix(".gz").rpartition(".")[2]
        read: Callable[[IO[str]], Iterator[object]] = {"csv": _read_csv, "txt": _read_documents}.get(
            kind, _read_json_lines
        )
        count = sum(1 for _ in islice(read(text), LOOKED_AT))
    except UnicodeDecodeError:
        raise CorpusFileError(f"{name} is not UTF-8; save it as UTF-8 and try again.") from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise CorpusFileError(f"{name} is no whole gzip file: {error}") from None
    except csv.Error as error:
        raise CorpusFileError(f"{name} is no CSV: {error}") from None
    except CorpusFileError as error:
        raise CorpusFileError(f"{name}, {error}") from None
    if count < 2:
        hint = f", parted by a line {DOCUMENT_BREAK}" if kind == "txt" else ""
        raise CorpusFileError(f"{name} holds {count} articles; at least two are needed{hint}, thousands to learn from.")
    return count


class _Unclosed(io.RawIOBase):
    """Another file's bytes, left open when this is thrown away: the upload is stored afterwards."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._inner.read(len(buffer))
        buffer[: len(read)] = read
        return len(read)


def _read_json_lines(text: IO[str]) -> Iterator[Mapping[str, Any]]:
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise CorpusFileError(f"line {number}: no JSON; each line must hold one object.") from None
        yield _check_row(row, number=number)


def _read_documents(text: IO[str]) -> Iterator[str]:
    has_words = False
    while line := text.readline(MAX_LINE):
        if line.rstrip() == DOCUMENT_BREAK:
            if has_words:
                yield "document"
            has_words = False
        else:
            has_words = has_words or bool(line.strip())
    if has_words:
        yield "document"


def _read_csv(text: IO[str]) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.DictReader(text, strict=True)
    for row in reader:
        if None in row or None in row.values():
            raise CorpusFileError(f"line {reader.line_num}: as many fields as the header has are needed.")
        yield _check_row(row, number=reader.line_num)


def _check_row(row: Any, *, number: int) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise CorpusFileError(f"line {number}: an object with title and body is needed.")
    for key in ("title", "body"):
        value = row.get(key)
        if not isinstance(value, str | int) or not str(value).strip():
            raise CorpusFileError(f"line {number}: {key!r} is missing or empty.")
    return row
