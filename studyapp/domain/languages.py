"""Languages of a study: their tags (BCP 47, as en, pt-BR or zh-Hans), which one a visitor reads, and how it runs."""

import re
from collections.abc import Sequence

TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
MOST_TAG = 20  # characters, as the columns that hold one
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"arab", "hebr", "syrc", "thaa", "nkoo"})


def is_tag(language: str) -> bool:
    """Whether a language is named as browsers and screen readers understand it."""
    return len(language) <= MOST_TAG and TAG.fullmatch(language) is not None


def find_base(language: str) -> str:
    """The language of a tag without its script and region: zh of zh-Hans."""
    return language.replace("_", "-").split("-")[0].casefold()


def is_same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def find_direction(language: str) -> str:
    """`rtl` of a language that is written from right to left, else `ltr`; a script in the tag decides."""
    scripts = {part.casefold() for part in language.split("-")[1:] if len(part) == 4 and part.isalpha()}
    if scripts:
        return "rtl" if scripts & _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if find_base(language) in _RIGHT_TO_LEFT else "ltr"


def choose_language(accepted: Sequence[str], *, offered: Sequence[str]) -> str:
    """The one of `offered` (the first is the study's own) that a browser's languages, best first, ask for.

    The same tag is taken before the same language of another region; a browser that names none of them gets the first.
    """
    for wanted in accepted:
        exact = [language for language in offered if is_same(language, wanted)]
        near = [language for language in offered if find_base(language) == find_base(wanted)]
        if exact or near:
            return (exact or near)[0]
    return offered[0]
