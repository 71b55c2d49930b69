"""Whether a text is fit to be shown: what is measured of it, the flags that follow, and which of them forbid it.

Measures are facts of a text; a flag is a measure beyond a threshold. The thresholds are the study's, and which flags
disqualify is too; the defaults were set on human news, which must pass them (docs/fitness.md).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Literal, Protocol, get_args

from generator.overlap import list_words, measure_overlap
from generator.postprocess import FinishedText, FinishingFlag

Flag = Literal[
    FinishingFlag,
    "too_short",
    "off_length",
    "repetition",
    "unfinished",
    "leaked_prompt",
    "wrong_language",
    "copied",
    "copied_human",
    "copied_training",
]
FLAGS: tuple[Flag, ...] = get_args(Flag)
DISQUALIFYING: tuple[Flag, ...] = (
    "empty",
    "too_short",
    "repetition",
    "leaked_prompt",
    "wrong_language",
    "copied",
    "copied_human",
    "copied_training",
)
REPEAT_NGRAM = 4  # words
LEAKED_TITLE_WORDS = 4  # a shorter title may well begin a sentence

_CHAT_OPENING = re.compile(
    r"\A\s*(?:(?:sure|certainly|of course|absolutely)\s*[,!.:]"
    r"|(?:here(?:'|’)?s|here is|below is)\s+(?:the|a|an|your|my)\b[^.\n]{0,60}\b(?:article|story|text|piece|draft)\b"
    r"|as an ai\b|i(?:'|’)m sorry, (?:but|i)\b|i (?:cannot|can(?:'|’)t) (?:write|help|assist|provide))",
    re.IGNORECASE,
)
_MARKUP_OPENING = re.compile(
    r"\A\s*(?:#{1,6}\s|\*\*[^*\n]+\*\*|<[a-z]+[^>\n]*>|(?:title|headline|subtitle|article)\s*:)", re.IGNORECASE
)
_MARK = re.compile(r"<\|[a-z_]+\|>|\[/?INST\]|</?s>")


class FitnessError(ValueError):
    """A threshold that is unknown or cannot be; the message says what is allowed."""


@dataclass(frozen=True)
class FitnessRules:
    """The thresholds, and the flags that forbid a text.

    `least_ratio` and `most_ratio` bound a text's words over the human article's; runs are in words, and a text is
    flagged that shares one as long as that or longer; `language_confidence` is how sure the guess of another language
    must be.
    """

    min_words: int = 20
    least_ratio: float = 0.5
    most_ratio: float = 1.5
    max_repeated_share: float = 0.3
    context_run: int = 20
    human_run: int = 20
    training_run: int = 50
    language_confidence: float = 0.95
    disqualifying: tuple[Flag, ...] = DISQUALIFYING

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            number = getattr(self, name)
            kind = int if isinstance(low, int) else int | float
            if isinstance(number, bool) or not isinstance(number, kind) or not low <= number <= high:
                what = "whole number" if kind is int else "number"
                raise FitnessError(f"{name} must be a {what} from {low:g} to {high:g}, not {number!r}")
        if unknown := sorted(set(self.disqualifying) - set(FLAGS)):
            raise FitnessError(f"there is no flag {', '.join(unknown)}; the flags are {', '.join(FLAGS)}")

    @classmethod
    def from_mapping(cls, settings: Mapping[str, object]) -> "FitnessRules":
        """The rules as a study keeps them; what is not given is as by default.

        Raises:
            FitnessError: an unknown name, or a value that cannot be.
        """
        names = [field.name for field in fields(cls)]
        if unknown := sorted(settings.keys() - set(names)):
            raise FitnessError(f"fitness has no {', '.join(unknown)}; choose from {', '.join(names)}")
        listed = settings.get("disqualifying")
        chosen = {} if listed is None else {"disqualifying": tuple(listed)}
        return cls(**{**settings, **chosen})

    def allow(self, flags: Sequence[str]) -> bool:
        """Whether a text with these flags may be shown."""
        return not set(self.disqualifying).intersection(flags)


_RANGES: dict[str, tuple[float, float]] = {
    "min_words": (1, 10_000),
    "least_ratio": (0.0, 1.0),
    "most_ratio": (1.0, 10.0),
    "max_repeated_share": (0.0, 1.0),
    "context_run": (2, 10_000),
    "human_run": (2, 10_000),
    "training_run": (8, 10_000),
    "language_confidence": (0.0, 1.0),
}


@dataclass(frozen=True)
class Measures:
    """Facts of a text. Shares are of its word 8-grams; what is not known (no human article, no index) is None."""

    words: int
    length_ratio: float | None
    repeated_share: float
    ends_sentence: bool
    context_run: int
    context_share: float
    human_run: int | None
    human_share: float | None
    training_run: int | None
    training_share: float | None
    language: str
    language_confidence: float
    leaked_prompt: bool


class TrainingText(Protocol):
    """What is known of the text that a model was trained on; see `generator.ngram_index`."""

    def measure(self, words: Sequence[str]) -> tuple[int, float]:
        """The longest run of words that stands in it, and the share of 8-grams that do."""


@dataclass(frozen=True)
class References:
    """What a text is held against. `language` is the one asked for, empty where only the human article's is known."""

    title: str = ""
    human_body: str = ""
    context: tuple[str, ...] = ()
    language: str = ""
    training: TrainingText | None = None


@dataclass(frozen=True)
class Verdict:
    """A text's measures, its flags, and whether the rules let it be shown."""

    measures: Measures
    flags: tuple[Flag, ...]
    is_fit: bool


def judge_text(finished: FinishedText, *, references: References, rules: FitnessRules) -> Verdict:
    """Measure a finished text and hold it against the rules; the flags of its finishing come first."""
    measures = measure_text(finished.text, references=references, ends_sentence=finished.ends_sentence)
    flags: tuple[Flag, ...] = finished.flags
    if finished.text:
        flags = (*flags, *find_flags(measures, rules=rules, language=references.language))
    return Verdict(measures=measures, flags=flags, is_fit=rules.allow(flags))


def measure_text(text: str, *, references: References, ends_sentence: bool) -> Measures:
    """All measures of a finished text."""
    words = list_words(text)
    by_context = [measure_overlap(words, list_words(body)) for body in references.context]
    human_words = references.human_body.split()
    human = measure_overlap(words, list_words(references.human_body)) if human_words else (None, None)
    training = references.training.measure(words) if references.training else (None, None)
    language, confidence = guess_language(text)
    return Measures(
        words=len(text.split()),
        length_ratio=len(text.split()) / len(human_words) if human_words else None,
        repeated_share=measure_repetition(text),
        ends_sentence=ends_sentence,
        context_run=max((run for run, _ in by_context), default=0),
        context_share=max((share for _, share in by_context), default=0.0),
        human_run=human[0],
        human_share=human[1],
        training_run=training[0],
        training_share=training[1],
        language=language,
        language_confidence=confidence,
        leaked_prompt=has_leaked_prompt(text, title=references.title),
    )


def find_flags(measures: Measures, *, rules: FitnessRules, language: str) -> tuple[Flag, ...]:
    """The flags that follow from a text's measures; `language` is the one asked for, empty for any."""
    ratio = measures.length_ratio
    guessed = measures.language
    found: dict[Flag, bool] = {
        "too_short": measures.words < rules.min_words,
        "off_length": ratio is not None and not rules.least_ratio <= ratio <= rules.most_ratio,
        "repetition": measures.repeated_share > rules.max_repeated_share,
        "leaked_prompt": measures.leaked_prompt,
        "wrong_language": bool(language)
        and guessed != base_language(language)
        and measures.language_confidence >= rules.language_confidence,
        "copied": measures.context_run >= rules.context_run,
        "copied_human": (measures.human_run or 0) >= rules.human_run,
        "copied_training": (measures.training_run or 0) >= rules.training_run,
        "unfinished": not measures.ends_sentence,
    }
    return tuple(flag for flag, is_so in found.items() if is_so)


def measure_repetition(text: str) -> float:
    """The share of a text's word 4-grams (case folded) that repeat an earlier one: 0 none, towards 1 a loop."""
    words = text.casefold().split()
    ngrams = [tuple(words[i : i + REPEAT_NGRAM]) for i in range(len(words) - REPEAT_NGRAM + 1)]
    return 1 - len(set(ngrams)) / len(ngrams) if ngrams else 0.0


def has_leaked_prompt(text: str, *, title: str) -> bool:
    """Whether a text shows that it was asked for: an answer's opening, markup, a tokenizer's mark, or its own title.

    A subtitle is no sign: of 2605 human articles 10 begin with theirs, and none with its title.
    """
    if _CHAT_OPENING.search(text) or _MARKUP_OPENING.search(text) or _MARK.search(text):
        return True
    own = list_words(title)
    return len(own) >= LEAKED_TITLE_WORDS and list_words(text)[: len(own)] == own


def base_language(language: str) -> str:
    """`en` of `en-GB`."""
    return language.casefold().replace("_", "-").split("-")[0]


def guess_language(text: str) -> tuple[str, float]:
    """The likeliest language (ISO 639-1) and its probability, by py3langid; ("", 0.0) of a text without words."""
    if not text.strip():
        return "", 0.0
    language, confidence = _open_identifier().classify(text)
    return str(language), float(confidence)


@lru_cache(maxsize=1)
def _open_identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # only here: its tables take a moment to load

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
