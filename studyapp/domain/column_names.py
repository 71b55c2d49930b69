"""Which column of an article file is which field of an article: guessed from its name, or said by somebody."""

import re
from collections.abc import Iterable, Mapping, Sequence

from studyapp.domain.article_text import FIELDS, REQUIRED_FIELDS

# Other names under which files hold a field, most telling first; case, blanks and signs are not looked at.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "title": ("headline", "heading", "head", "articletitle", "name"),
    "subtitle": (
        "subheadline",
        "subheading",
        "subhead",
        "standfirst",
        "deck",
        "dek",
        "teaser",
        "description",
        "summary",
    ),
    "body": ("text", "content", "articlebody", "articletext", "fulltext", "bodytext", "maintext", "article", "story"),
    "id": ("ref", "identifier", "articleid", "docid", "key", "uuid", "guid"),
    "section": ("category", "topic", "desk", "subject", "rubric"),
    "source": ("publisher", "publication", "outlet", "newspaper", "site", "domain"),
    "url": ("link", "weburl", "canonicalurl", "address"),
    "published": ("date", "publishedat", "publisheddate", "publicationdate", "pubdate", "datepublished", "publishdate"),
    "language": ("lang", "locale"),
    "stand_in": ("fictional", "synthetic"),
}
NOT_READ = ""  # in the place of a column: the field is left empty


class ColumnError(ValueError):
    """Columns that cannot be meant; the message says which and what to do."""


def guess_columns(columns: Sequence[str]) -> dict[str, str]:
    """For every field the column that it most likely stands in, `NOT_READ` where none looks like it."""
    free = dict.fromkeys(columns)
    guessed = dict.fromkeys(FIELDS, NOT_READ)
    for field in FIELDS:
        if field in free:
            guessed[field] = field
            del free[field]
    for field in FIELDS:
        if guessed[field]:
            continue
        folded = {_fold(column): column for column in reversed(free)}
        found = next((folded[name] for name in (_fold(field), *OTHER_NAMES[field]) if name in folded), None)
        if found is not None:
            guessed[field] = found
            del free[found]
    return guessed


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """What `body=text headline=title` in a command means: field to column; an empty column leaves the field out.

    Raises:
        ColumnError: no FIELD=COLUMN, no such field, or a field twice.
    """
    columns: dict[str, str] = {}
    for text in texts:
        field, sign, column = text.partition("=")
        if not sign:
            raise ColumnError(f"{text!r}: write FIELD=COLUMN, as body=text")
        if field not in FIELDS:
            raise ColumnError(f"{text!r}: there is no field {field!r}; the fields are {', '.join(FIELDS)}")
        if field in columns:
            raise ColumnError(f"{text!r}: {field} has a column already, {columns[field]!r}")
        columns[field] = column
    return columns


def complete_columns(said: Mapping[str, str], there: Sequence[str]) -> dict[str, str]:
    """The column of every field: as was said, else the one of the field's own name, where there is one.

    Raises:
        ColumnError: a column that was said is not there, a required field has none, or a column would serve twice.
    """
    columns = {field: said.get(field, field if field in there else NOT_READ) for field in FIELDS}
    if unknown := [column for column in columns.values() if column and column not in there]:
        raise ColumnError(f"there is no column {', '.join(unknown)}; the file has {', '.join(there)}")
    if missing := [field for field in REQUIRED_FIELDS if not columns[field]]:
        raise ColumnError(
            f"columns are missing: {', '.join(missing)}; say which of the file's columns they are: {', '.join(there)}"
        )
    for column in dict.fromkeys(filter(None, columns.values())):
        if len(fields := [field for field in FIELDS if columns[field] == column]) > 1:
            raise ColumnError(f"the column {column!r} cannot be {' and '.join(fields)} at once; choose one for each")
    return columns


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
