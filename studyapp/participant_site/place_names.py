"""Countries and languages by their names in the language of a page, as the Unicode consortium has them (Babel)."""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers

from studyapp.domain.continents import CONTINENTS

Names = tuple[tuple[str, str], ...]  # each its code and its name, in the order of the names
_RETIRED = frozenset({"sh"})  # a code that stands for three others


@cache
def list_countries(language: str) -> Names:
    """Every country of ISO 3166-1."""
    return _name(CONTINENTS, names=_find_locale(language).territories)


@cache
def list_languages(language: str) -> Names:
    """Every language that has a code of two letters, or texts of its own in the Unicode consortium's data."""
    names = _find_locale(language).languages
    codes = {identifier.partition("_")[0] for identifier in locale_identifiers()}
    return _name((codes | {code for code in names if len(code) == 2}) - _RETIRED, names=names)


def _find_locale(language: str) -> Locale:
    """The data of a language as browsers and Django write it (zh-hans); English where there is none."""
    try:
        return Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")


def _name(codes: Iterable[str], *, names: Mapping[str, str]) -> Names:
    named = [(code, names[code]) for code in codes if code in names]
    return tuple(
        sorted(((code, name[0].upper() + name[1:]) for code, name in named), key=lambda entry: _fold(entry[1]))
    )


def _fold(name: str) -> str:
    """Without accents and case, so that Österreich stands under O."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()
