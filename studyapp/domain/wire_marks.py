"""What a newsroom writes around a story: datelines and bylines before it, sign-offs after it.

Each function cuts such marks as often as they stand one after the other, and says what it cut. The patterns are narrow:
what might be the story's own words stays, and a text is never cut to nothing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_AGENCIES = (
    "Reuters|Thomson Reuters Foundation|(?:The )?Associated Press|AP|AFP|Agence France-Presse|dpa|DPA|UPI|PA|PA Media|"
    "ANSA|"
    "EFE|Agencia EFE|TASS|Xinhua|Bloomberg|CNN|IANS|PTI|ANI|APA|epd|KNA|sda|SDA|Kyodo|Yonhap|Europa Press|EUROPA PRESS|"
    "CBS|NBC|BBC|NPR|新华社|法新社|路透社|美联社"
)
_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĪĶĹĽŁŃŇŐŒŘŚŞŠŤŪŮŰŹŻŽ"
_DASH = r"(?:[-–—―]|--)"
_NEXT = rf"(?=[\"'“‘„«(¿¡]?[{_UPPER}0-9])"
_PLACE = rf"[{_UPPER}][{_UPPER}.'’-]+(?:[ /][{_UPPER}][{_UPPER}.'’-]+){{0,4}}"
_PART = r"(?:\d{1,2}\.? (?:de )?[^\W\d_]{3,10}\.?(?: \d{4})?|[A-Z0-9][\w.'’]*(?: [A-Z0-9][\w.'’]*){0,2})"
_MONTH = r" (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}"
_DATELINES = tuple(
    re.compile(pattern)
    for pattern in (
        # HARRISBURG, Pa. (AP) - ; NEW YORK, March 3 - ; PARIS —
        rf"{_PLACE}(?:, ?{_PART}){{0,3}}(?:{_MONTH})?(?: ?\([^()\n]{{2,40}}\))? ?(?<=[ \w.)]){_DASH} {_NEXT}",
        rf"{_PLACE}(?:, ?{_PART}){{0,3}}(?:{_MONTH})?(?: ?\([^()\n]{{2,40}}\))? ?[—―]{_NEXT}",
        # Berlin (dpa) - ; Paris, 5 mai (AFP) - ; (Reuters) - ; (CNN)
        rf"(?:[{_UPPER}][^()\n.!?]{{1,60}} )?\((?:{_AGENCIES})(?:[/,][^()\n]{{1,30}})?\) ?{_DASH} ?{_NEXT}",
        rf"\((?:{_AGENCIES})\) ?{_NEXT}",
        r"(?:新华社|中新社|中新网|人民网|央视网|本报|法新社|路透社|美联社)[^\n。]{0,24}?\d{1,2}日(?:电|讯)"
        r"(?:[（(][^（）()\n]{1,40}[）)])?\s*",
        # Updated, May 27, on a line of its own
        r"(?:Updated?|UPDATED?|Published|PUBLISHED)(?:[:,]? [^\n]{0,30}\d[^\n]{0,20})?[^\S\n]*\n+(?=\s*\S)",
    )
)
_NAME = rf"[{_UPPER}][\w.'’-]+(?: (?:[{_UPPER}][\w.'’-]*|van|von|de|der|la|bin|al|da|dos)){{1,4}}"
_BYLINE = re.compile(
    rf"\s*(?:By|BY|Von|VON|Par|PAR|Por|POR|Di) {_NAME}(?:(?:,| and| und| et| y| e| &) {_NAME})*"
    rf"(?:(?:,| \||/| [-–—]) ?[{_UPPER}][^\n.!?]{{1,60}})?[^\S\n]*\n+(?=\s*\S)"
)
_CREDIT = re.compile(
    r"(?:(?<=[.!?\"'”’)])[^\S\n]+|\n\s*)\(?((?:Additional )?(?:Reporting|Writing|Editing|Compiled)"
    r"(?:,? (?:and |additional )*(?:reporting|writing|editing))* by:? [^\n]{2,300}?)\)?\.?\s*\Z",
    re.IGNORECASE,
)
_WORDS_OF_CREDITS = frozenset(  # beside names
    (
        *("and", "in", "by", "with", "for", "from", "at", "of", "the", "reporting", "writing", "editing", "additional"),
        *("compiled", "newsroom", "bureau", "desk", "van", "von", "de", "der", "la", "bin", "al", "da", "dos"),
    )
)
_SIGN_OFFS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<=[.!?\"'”’)])\s*(?:\((?:{_AGENCIES})(?:[/,; -]+[\w ]{{1,20}})?\)|{_DASH} ?(?:{_AGENCIES}))\.?\s*\Z",
        rf"\n\s*\(?(?:{_AGENCIES})\)?\.?\s*\Z",
        r"\s*\((?:Berichte?|Reportage|Reporte|Rédaction|Redaktion|Mit Material|Avec|Con información|Información)\b"
        r"[^()\n]{2,300}\)\.?\s*\Z",
        r"\s*[（(](?:记者|编辑|责任编辑|完)[^（）()\n]{0,60}[）)]\s*\Z",
        r"\n\s*(?:-30-|#{2,}|ENDS?|\[ENDS?\]|\*(?: ?\*)+)\s*\Z",
        r"[^\S\n]*[■◼∎]\s*\Z",
    )
)
_CONTRIBUTED = re.compile(r"\n\s*([^\n]*\bcontributed (?:reporting|to this (?:report|story|article))\.?)\s*\Z")
MOST_WORDS_CONTRIBUTED = 40
LONGEST_SIGN_OFF = 500  # characters from the end that are looked at


@dataclass(frozen=True)
class Cut:
    """A text without its marks, and the marks as they stood."""

    text: str
    removed: tuple[str, ...] = ()


def cut_datelines(text: str) -> Cut:
    """Cut `HARRISBURG, Pa. (AP) - ` and its like from the beginning."""
    return _cut_beginning(text, lambda rest: next((m for p in _DATELINES if (m := p.match(rest))), None))


def cut_bylines(text: str) -> Cut:
    """Cut a first line that is nothing but `By` and names."""
    return _cut_beginning(text, _BYLINE.match)


def cut_sign_offs(text: str) -> Cut:
    """Cut who reported, wrote and edited, an agency's name, and marks of the end from the end."""
    removed: list[str] = []
    while (start := next(_find_sign_offs(text), None)) is not None and text[:start].strip():
        removed.insert(0, text[start:].strip())
        text = text[:start].rstrip()
    return Cut(text, tuple(removed))


def _cut_beginning(text: str, find: "Callable[[str], re.Match[str] | None]") -> Cut:
    removed: list[str] = []
    while (found := find(text)) and text[found.end() :].strip():
        removed.append(found[0].strip())
        text = text[found.end() :]
    return Cut(text, tuple(removed))


def _find_sign_offs(text: str) -> Iterator[int]:
    """Where each kind of sign-off begins with which the text ends."""
    begin = max(0, len(text) - LONGEST_SIGN_OFF)
    for pattern in _SIGN_OFFS:
        if found := pattern.search(text, begin):
            yield found.start()
    if (found := _CREDIT.search(text, begin)) and _is_credit(found[1]):
        yield found.start()
    if (found := _CONTRIBUTED.search(text, begin)) and len(found[1].split()) <= MOST_WORDS_CONTRIBUTED:
        yield found.start()


def _is_credit(words: str) -> bool:
    """Whether these are names and what they did, and no sentence: its words begin with capitals, or are known."""
    plain = re.findall(r"[^\W\d_][\w'’-]*", words)
    return all(word[0].isupper() or word.lower() in _WORDS_OF_CREDITS for word in plain)
