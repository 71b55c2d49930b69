"""From what a model wrote to a text that could be shown; whether it should be is decided in `generator.fitness`."""

import re
from dataclasses import dataclass
from typing import Literal

FinishingFlag = Literal["empty", "cut_at_limit", "unprintable"]

# bytes that are no UTF-8, and control characters: a hot byte-level model writes them, and no newspaper prints them
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffd]")

# "Title:" ends a text wherever it stands; the other two are ordinary words unless they begin a line
_NEXT_FRAME = re.compile(r"Title:|^[ \t]*(?:Subtitle|Article):", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s|$)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Gov|Sen|Rep|Gen|Lt|Col|Sgt|Capt|Rev|Jr|Sr|No|vs|Inc|Co|Corp|Ltd|Jan|Feb|Aug|Sept?"
    r"|Oct|Nov|Dec)|(?<![A-Za-z])[A-Z])\.$"
)  # a full stop after these, or after one capital letter, ends no sentence


@dataclass(frozen=True)
class FinishedText:
    """A text with its paragraphs parted by one blank line, and what its finishing found."""

    text: str
    flags: tuple[FinishingFlag, ...]

    @property
    def ends_sentence(self) -> bool:
        ends = _find_sentence_ends(self.text)
        return bool(ends) and ends[-1] == len(self.text)


def finish_text(raw: str, *, hit_limit: bool) -> FinishedText:
    """Cut a text where the frame of a next story begins, tidy it, and end it at a sentence where it was broken off.

    White space is made regular, and what cannot be printed is left out: it would tell a machine's text at once.

    Args:
        raw: what the model wrote after `Article:`.
        hit_limit: the token limit ended it, so that its last sentence is broken off and is left out.
    """
    own, was_cut = cut_next_frame(raw)
    printable = _UNPRINTABLE.sub("", own)
    text = _tidy_whitespace(printable)
    if not text:
        return FinishedText(text="", flags=("empty",))
    flags: list[FinishingFlag] = ["unprintable"] if printable != own else []
    if hit_limit and not was_cut:
        flags.append("cut_at_limit")
        text = _drop_broken_sentence(text)
    return FinishedText(text=text, flags=tuple(flags))


def cut_next_frame(raw: str) -> tuple[str, bool]:
    """The text before the frame of a next story, and whether there was one."""
    found = _NEXT_FRAME.search(raw)
    return (raw[: found.start()], True) if found else (raw, False)


def _tidy_whitespace(text: str) -> str:
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _find_sentence_ends(text: str) -> list[int]:
    """Offsets just past each sentence, closing quotes and brackets included."""
    return [end.end() for end in _SENTENCE_END.finditer(text) if not _ABBREVIATION.search(text[: end.start() + 1][-8:])]


def _drop_broken_sentence(text: str) -> str:
    """The text up to its last complete sentence; all of it when it has none."""
    ends = _find_sentence_ends(text)
    return text[: ends[-1]] if ends else text
