"""The one form in which texts are shown: human and model texts go through `normalise` alike before they are stimuli.

Typography (curly quotes, long dashes, hard spaces) and a newsroom's marks (datelines, bylines, sign-offs) tell a text's
source without its being read. Each of them is levelled by a rule with a name; a study says which rules apply. The
original stays with the article and the candidate; the stimulus says which rules changed it.

The rules run in their order, again and again until nothing changes, so that normalising twice changes nothing. No rule
takes a word away but the last three, which cut at the beginning or the end of a text and say what they cut.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass

from studyapp.domain.wire_marks import Cut, cut_bylines, cut_datelines, cut_sign_offs

VERSION = "2"  # stored with every stimulus and with a frozen design; raise it when a rule changes what it returns
RULES_OF_VERSION_1 = ("characters", "paragraphs", "spaces", "quotes", "dashes", "ellipses")  # before studies chose

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffc\U000e0000-\U000e007f\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]"
)  # no width, no ink; joiners (U+200C, U+200D) stay, since they shape letters
_DOUBLE_QUOTES = "“”„‟«»″＂〝〞「」"
_SINGLE_QUOTES = "‘’‚‛‹›′`´＇『』"
_PLAIN_QUOTES = str.maketrans({**dict.fromkeys(_DOUBLE_QUOTES, '"'), **dict.fromkeys(_SINGLE_QUOTES, "'")})
_SPACED_GUILLEMETS = re.compile(r"«[ \u00a0\u202f]([^«»\n]*?)[ \u00a0\u202f]»")
_SHORT_DASHES = str.maketrans(dict.fromkeys("‐‑‒−–﹘﹣－", "-"))
_LONG_DASH = re.compile(r"[^\S\n]*(?:[—―⸺⸻]+|-{2,})-*[^\S\n]*")
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x1c-\x1e\x85\u2028]")
_PARAGRAPH_ENDS = re.compile(r"[\x0c\u2029]")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]」]*$")
SENTENCES_A_LINE = 0.8  # share of lines that end a sentence, from which single line ends part paragraphs


@dataclass(frozen=True)
class Normalised:
    """A text as it is shown. `rules` changed it, in their order; `removed` is what was cut, as it stood."""

    text: str
    rules: tuple[str, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """What a rule does, in words for people, and the function that does it: one that levels, or one that cuts."""

    meaning: str
    apply: Callable[[str], Cut]


def _write_entities_out(text: str) -> str:
    """`&amp;quot;` is `&quot;` is `"`."""
    while (plain := _ENTITY.sub(lambda found: html.unescape(found[0]), text)) != text:
        text = plain
    return text


def _level_characters(text: str) -> str:
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", text))


def _level_paragraphs(text: str) -> str:
    lines = _PARAGRAPH_ENDS.sub("\n\n", _LINE_ENDS.sub("\n", text)).strip()
    if not re.search(r"\n\s*\n", lines) and _has_paragraphs_of_a_line(lines.split("\n")):
        lines = lines.replace("\n", "\n\n")
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", lines)]
    return "\n\n".join(re.sub(r"[^\S\n]*\n[^\S\n]*", " ", part) for part in paragraphs if part)


def _has_paragraphs_of_a_line(lines: list[str]) -> bool:
    """Whether the lines of a text without a blank one are its paragraphs: nearly all of them end a sentence."""
    ends = [bool(_SENTENCE_END.search(line.rstrip())) for line in lines if line.strip()]
    return len(ends) > 1 and sum(ends) >= SENTENCES_A_LINE * len(ends)


def _level_spaces(text: str) -> str:
    return re.sub(r" *\n *", "\n", re.sub(r"[^\S\n]+", " ", text)).strip()


def _level_quotes(text: str) -> str:
    plain = _SPACED_GUILLEMETS.sub(r'"\1"', text).replace("``", '"').translate(_PLAIN_QUOTES)
    return plain.replace("''", '"')


def _level_dashes(text: str) -> str:
    """A short dash is a hyphen; a long one stands between spaces, but for the beginning of a line."""
    plain = text.translate(_SHORT_DASHES)
    return re.sub(r"^ - ", "- ", _LONG_DASH.sub(" - ", plain), flags=re.MULTILINE) if plain else plain


def _level_ellipses(text: str) -> str:
    return re.sub(r"(?<!\.)\.(?:[ \u00a0\u202f]\.){2}", "...", text.replace("…", "..."))


def _level(function: Callable[[str], str]) -> Callable[[str], Cut]:
    return lambda text: Cut(function(text))


RULES: dict[str, Rule] = {
    "entities": Rule("HTML's spellings, as &quot;, become the characters they stand for", _level(_write_entities_out)),
    "characters": Rule("letters are composed alike, and invisible characters left out", _level(_level_characters)),
    "paragraphs": Rule("paragraphs are parted by one blank line and hold no line break", _level(_level_paragraphs)),
    "spaces": Rule("every kind of space is a plain one, never two in a row", _level(_level_spaces)),
    "quotes": Rule("quotation marks and apostrophes are straight", _level(_level_quotes)),
    "dashes": Rule("long dashes are hyphens between spaces, other dashes hyphens", _level(_level_dashes)),
    "ellipses": Rule("an ellipsis is three full stops", _level(_level_ellipses)),
    "bylines": Rule("an author's line at the beginning is cut", cut_bylines),
    "datelines": Rule("a dateline at the beginning, as “BERLIN (Reuters) - ”, is cut", cut_datelines),
    "sign_offs": Rule("a sign-off at the end, as “Reporting by …; Editing by …” or “(AP)”, is cut", cut_sign_offs),
}


def normalise(text: str, *, rules: Collection[str]) -> Normalised:
    """The form in which a text is shown, by those of `RULES` that are named; any order and source gives the same.

    A text that is nothing but what a rule would cut stays as it is.
    """
    changed: dict[str, None] = {}
    removed: list[str] = []
    before = None
    while text != before:
        before = text
        for name in RULES:
            if name not in rules:
                continue
            outcome = RULES[name].apply(text)
            if outcome.text != text:
                changed[name] = None
                removed += outcome.removed
                text = outcome.text
    return Normalised(text=text, rules=tuple(name for name in RULES if name in changed), removed=tuple(removed))
