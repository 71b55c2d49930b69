"""The languages that the site itself speaks, and what languages are called."""

from django.utils import translation

from studyapp.domain.languages import find_base

ENGLISH = "en"


def find_catalogue(language: str) -> str:
    """The language of the fixed sentences beside texts in `language`: the same where we have it, else English."""
    try:
        return translation.get_supported_language_variant(language.replace("_", "-").lower())
    except LookupError:
        return ENGLISH


def has_catalogue(language: str) -> bool:
    return find_base(find_catalogue(language)) == find_base(language)


def name_language(language: str, *, in_english: bool = False) -> str:
    """The language by its own name, as Deutsch, or in English; its tag where nobody has told us the name."""
    for code in (language.lower(), find_base(language)):
        try:
            name = translation.get_language_info(code)["name" if in_english else "name_local"]
        except KeyError:
            continue
        return name[:1].upper() + name[1:]
    return language
