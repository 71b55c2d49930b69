"""What an article is: its fields, its words, and when two of them are the same article.

The form in which texts are shown is made in `domain.normalisation`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

FIELDS = ("title", "subtitle", "body", "id", "section", "source", "url", "published", "language", "stand_in")
REQUIRED_FIELDS = ("title", "body")
MAX_LENGTHS = {"title": 500, "subtitle": 1000, "body": 200_000, "id": 120, "section": 120, "source": 200, "url": 500}

_TYPOGRAPHY = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "‘": "'", "’": "'", "‚": "'", "‛": "'",
        "–": "-", "—": "-", "―": "-", "−": "-", "‐": "-", "‑": "-",
        "…": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\ufeff": "", "\u00ad": "",
    }
)  # fmt: skip
_TRUE, _FALSE = {"true", "1", "yes"}, {"", "false", "0", "no"}


@dataclass(frozen=True)
class ArticleFields:
    """One article as it was read, checked and trimmed. `ref` names it in study files and exports."""

    ref: str
    title: str
    body: str
    subtitle: str = ""
    section: str = ""
    source: str = ""
    url: str = ""
    published: date | None = None
    language: str = ""
    stand_in: bool = False

    @property
    def content_hash(self) -> str:
        return hash_content(title=self.title, subtitle=self.subtitle, body=self.body)

    @property
    def words(self) -> int:
        return count_words(self.body)


class RowError(ValueError):
    """A row that is no article; the message says what is wrong with it and what to do."""


def count_words(text: str) -> int:
    """Words as the published study counts them: runs of characters between white space."""
    return len(text.split())


def split_paragraphs(text: str) -> list[str]:
    """The paragraphs of a body, which are parted by blank lines."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def fold_typography(text: str) -> str:
    """The form in which texts are compared. What it returns must never change: hashes that are stored come of it."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).translate(_TYPOGRAPHY)
    plain = re.sub(r" ?-{2,} ?", " - ", plain)
    paragraphs = (re.sub(r"\s+", " ", paragraph) for paragraph in split_paragraphs(plain))
    return "\n\n".join(paragraphs)


def hash_content(*, title: str, subtitle: str, body: str) -> str:
    """SHA-256 (hex) of the text without its typography: two articles that read the same have the same hash."""
    parts = (fold_typography(part) for part in (title, subtitle, body))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def parse_article(row: Mapping[str, object]) -> ArticleFields:
    """Check one row of an article file (DESIGN §4, "Articles").

    Raises:
        RowError: a required field is missing, or a field cannot be what it says.
    """
    fields = {name: _clean_field(name, row.get(name)) for name in FIELDS}
    for name in REQUIRED_FIELDS:
        if not fields[name]:
            raise RowError(f"'{name}' is missing or empty")
    for name, limit in MAX_LENGTHS.items():
        if len(fields[name]) > limit:
            raise RowError(f"'{name}' has {len(fields[name])} characters; at most {limit} are taken")
    content = hash_content(title=fields["title"], subtitle=fields["subtitle"], body=fields["body"])
    return ArticleFields(
        ref=fields["id"] or f"sha-{content[:12]}",
        title=fields["title"],
        body=fields["body"],
        subtitle=fields["subtitle"],
        section=fields["section"],
        source=fields["source"],
        url=_parse_url(fields["url"]),
        published=_parse_date(fields["published"]),
        language=fields["language"],
        stand_in=_parse_flag("stand_in", fields["stand_in"]),
    )


def _clean_field(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        value = str(value)
    if not isinstance(value, str):
        raise RowError(f"'{name}' must be text, not {type(value).__name__}")
    if "\x00" in value:
        raise RowError(f"'{name}' holds a NUL character; remove it")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise RowError(f"'{name}' holds half a surrogate pair, which is no Unicode text; re-export the file as UTF-8")
    return value.strip()


def _parse_url(value: str) -> str:
    if value and not re.match(r"https?://", value):
        raise RowError("'url' must begin with http:// or https://")
    return value


def _parse_date(value: str) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise RowError(f"'published' is {value!r}; write a date as 2026-01-31") from None


def _parse_flag(name: str, value: str) -> bool:
    lowered = value.lower()
    if lowered not in _TRUE | _FALSE:
        raise RowError(f"'{name}' is {value!r}; write true or false")
    return lowered in _TRUE
