"""The catalogues of the raters' fixed sentences: collecting the sentences, and bringing `locale/` up to date.

Babel does all of it, so no tool of the operating system is needed. The .mo files are kept beside the .po files that
they are made from: a checkout then runs as it is, with nothing to compile at install time.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent
LOCALE_DIR = ROOT / "locale"
LOCALES = ("de", "es", "fr", "zh_Hans")
SOURCES = ("domain/**/*.py", "recruitment/*.py", "actions/*.py", "participant_site/*.py")
TEMPLATES = ("templates/*.html", "templates/participant_site/**/*.html")  # the first: errors, as of a wrong address
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_PLACES = re.compile(r"%\(\w+\)[a-z]|</?[a-z][^>]*>")
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "Sentence": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip


@dataclass(frozen=True)
class Gap:
    """What one catalogue lacks."""

    locale: str
    sentence: str
    fault: str

    def __str__(self) -> str:
        return f"{self.locale}: {self.fault}: {self.sentence!r}"


def collect_sentences() -> Catalog:
    """Every fixed sentence of the raters' pages. The staff side (staff_site/) is English and not collected."""
    catalog = Catalog(project="byline", header_comment="", fuzzy=False)
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        _collect(catalog, path, path.read_text(encoding="utf-8"))
    for path in sorted(path for pattern in TEMPLATES for path in ROOT.glob(pattern)):
        # Brackets around it: what templatize makes of a template is indented as no Python is.
        _collect(catalog, path, f"({templatize(path.read_text(encoding='utf-8'), origin=str(path))})")
    return catalog


def _collect(catalog: Catalog, path: Path, source: str) -> None:
    for _line, text, comments, context in extract(
        "python", io.BytesIO(source.encode()), keywords=KEYWORDS, comment_tags=["Translators:"]
    ):
        catalog.add(
            text,
            context=context,
            locations=[(path.relative_to(ROOT).as_posix(), None)],
            auto_comments=[comment for comment in comments if not comment.startswith("X")],
        )


def read_catalogue(locale: str) -> Catalog:
    with _name_po(locale).open("rb") as file:
        return read_po(file, locale=locale)


def update_catalogue(locale: str, sentences: Catalog) -> None:
    """Add new sentences to a catalogue, untranslated, drop those that are gone, and compile it."""
    path = _name_po(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = read_catalogue(locale) if path.exists() else Catalog(locale=locale, project="byline")
    catalog.update(sentences, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.header_comment, catalog.fuzzy = f"# {catalog.locale.english_name}: the raters' fixed sentences.", False
    with path.open("wb") as file:
        write_po(file, catalog, sort_output=True, width=120, omit_header=False, include_lineno=False)
    _settle_header(path)
    path.with_suffix(".mo").write_bytes(compile_catalogue(read_catalogue(locale)))


def compile_catalogue(catalog: Catalog) -> bytes:
    catalog.creation_date = catalog.revision_date = SOME_DAY  # else its header would say now, and differ at every run
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    return compiled.getvalue()


def find_gaps(locale: str, sentences: Catalog) -> Iterator[Gap]:
    """What keeps a catalogue from being complete: a rater would meet English, or a place that is filled wrongly."""
    if not _name_po(locale).exists():
        yield Gap(locale, "", "there is no catalogue")
        return
    catalog = read_catalogue(locale)
    for wanted in sentences:
        if not wanted.id:
            continue
        found = catalog.get(_key(wanted), wanted.context)
        if found is None:
            yield Gap(locale, str(wanted.id), "not in the catalogue, run make messages")
            continue
        strings = found.string if isinstance(found.string, tuple | list) else (found.string,)
        if not all(strings):
            yield Gap(locale, str(wanted.id), "not translated")
        elif found.fuzzy:
            yield Gap(locale, str(wanted.id), "marked as fuzzy")
        elif fault := _find_wrong_place(found):
            yield Gap(locale, str(wanted.id), fault)
    for found in catalog:
        if found.id and sentences.get(_key(found), found.context) is None:
            yield Gap(locale, str(found.id), "no page says it any more, run make messages")
    if not is_compiled(locale, catalog):
        yield Gap(locale, "", "the .mo file is not that of the .po file, run make messages")


def is_compiled(locale: str, catalog: Catalog) -> bool:
    """Whether the .mo file says what the catalogue says; the headers, which name Babel's version, may differ."""
    path = _name_po(locale).with_suffix(".mo")
    return path.exists() and _list_compiled(path.read_bytes()) == _list_compiled(compile_catalogue(catalog))


def _list_compiled(compiled: bytes) -> dict[object, str]:
    translations = GNUTranslations(io.BytesIO(compiled))
    return {key: text for key, text in translations._catalog.items() if key}


def _find_wrong_place(message: Message) -> str:
    """What a translation fills or marks otherwise than the sentence; only the form for one may leave the number out."""
    wanted = set(_PLACES.findall(message.id[-1] if isinstance(message.id, tuple | list) else message.id))
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if unknown := sorted({place for said in strings for place in _PLACES.findall(said)} - wanted):
        return f"has {', '.join(unknown)}, which the sentence has not"
    if missing := sorted(wanted - set(_PLACES.findall(strings[-1]))):
        return f"lacks {', '.join(missing)}"
    return ""


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _name_po(locale: str) -> Path:
    return LOCALE_DIR / locale / "LC_MESSAGES" / "django.po"


def _settle_header(path: Path) -> None:
    """Take the dates and addresses out of a header, which would make every catalogue differ at every run."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    noise = (
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Last-Translator",
        "Language-Team",
        "Report-Msgid-Bugs-To",
        "Generated-By",
    )
    kept = [line for line in lines if not line.startswith(tuple(f'"{name}' for name in noise))]
    path.write_text("".join(kept), encoding="utf-8")
