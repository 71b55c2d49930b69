"""From what a model wrote to a text that could be shown, and the reasons why it should not be."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from generator.overlap import find_longest_run

Flag = Literal["empty", "too_short", "repetition", "cut_at_limit", "unfinished", "unprintable", "copied"]
DISQUALIFYING_FLAGS: frozenset[str] = frozenset({"empty", "too_short", "repetition", "copied"})  # never fit to show

# bytes that are no UTF-8, and control characters: a hot byte-level model writes them, and no newspaper prints them
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffd]")
MIN_WORDS = 20  # a published text has about 200 words; what is shorter than this is no article
REPEAT_NGRAM = 4  # words
COPIED_WORDS = 20  # in a row; of 28 real news articles no two shared more than 7
MAX_REPEATED_SHARE = 0.3  # of a text's 4-grams; published news stays below 0.1, a loop soon passes 0.5

# "Title:" ends a text wherever it stands; the other two are ordinary words unless they begin a line
_NEXT_FRAME = re.compile(r"Title:|^[ \t]*(?:Subtitle|Article):", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s|$)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Gov|Sen|Rep|Gen|Lt|Col|Sgt|Capt|Rev|Jr|Sr|No|vs|Inc|Co|Corp|Ltd|Jan|Feb|Aug|Sept?"
    r"|Oct|Nov|Dec)|(?<![A-Za-z])[A-Z])\.$"
)  # a full stop after these, or after one capital letter, ends no sentence


@dataclass(frozen=True)
class FinishedText:
    """A text with its paragraphs parted by one blank line, and what is to be said against it."""

    text: str
    flags: tuple[Flag, ...]

    @property
    def is_fit_to_show(self) -> bool:
        return not DISQUALIFYING_FLAGS.intersection(self.flags)


def finish_text(raw: str, *, hit_limit: bool, context: Sequence[str] = ()) -> FinishedText:
    """Cut a text where the frame of a next story begins, tidy it, end it at a sentence, and flag its faults.

    White space is made regular, and what cannot be printed is left out: it would tell a machine's text at once.

    Args:
        raw: what the model wrote after `Article:`.
        hit_limit: the token limit ended it, so that its last sentence is broken off and is left out.
        context: the bodies that stood in the prompt; a text that repeats one of them at length is `copied`.
    """
    own, was_cut = cut_next_frame(raw)
    printable = _UNPRINTABLE.sub("", own)
    text = _tidy_whitespace(printable)
    if not text:
        return FinishedText(text="", flags=("empty",))
    flags: list[Flag] = ["unprintable"] if printable != own else []
    if hit_limit and not was_cut:
        flags.append("cut_at_limit")
        text = _drop_broken_sentence(text)
    if len(text.split()) < MIN_WORDS:
        flags.append("too_short")
    if measure_repetition(text) > MAX_REPEATED_SHARE:
        flags.append("repetition")
    if any(find_longest_run(text, body) >= COPIED_WORDS for body in context):
        flags.append("copied")
    if not _ends_sentence(text):
        flags.append("unfinished")
    return FinishedText(text=text, flags=tuple(flags))


def cut_next_frame(raw: str) -> tuple[str, bool]:
    """The text before the frame of a next story, and whether there was one."""
    found = _NEXT_FRAME.search(raw)
    return (raw[: found.start()], True) if found else (raw, False)


def measure_repetition(text: str) -> float:
    """The share of a text's word 4-grams (case folded) that repeat an earlier one: 0 none, towards 1 a loop."""
    words = text.casefold().split()
    ngrams = [tuple(words[i : i + REPEAT_NGRAM]) for i in range(len(words) - REPEAT_NGRAM + 1)]
    return 1 - len(set(ngrams)) / len(ngrams) if ngrams else 0.0


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


def _ends_sentence(text: str) -> bool:
    ends = _find_sentence_ends(text)
    return bool(ends) and ends[-1] == len(text)
