"""The five-point scale of the published study, that of a pair of texts, and what an answer may look like."""

from enum import IntEnum

from studyapp.domain.counterbalancing import Source
from studyapp.domain.sentences import Sentence

MAX_COMMENT = 2000  # characters


class Judgment(IntEnum):
    """Who wrote the text, as the participant sees it; the numbers are those of the export."""

    VERY_LIKELY_HUMAN = 1
    MORE_LIKELY_HUMAN = 2
    DONT_KNOW = 3
    MORE_LIKELY_MACHINE = 4
    VERY_LIKELY_MACHINE = 5

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Judgment.VERY_LIKELY_HUMAN: Sentence("Very likely written by a human"),
    Judgment.MORE_LIKELY_HUMAN: Sentence("More likely written by a human"),
    Judgment.DONT_KNOW: Sentence("I don't know"),
    Judgment.MORE_LIKELY_MACHINE: Sentence("More likely written by a machine"),
    Judgment.VERY_LIKELY_MACHINE: Sentence("Very likely written by a machine"),
}


class PairChoice(IntEnum):
    """Which of two texts that stand side by side a machine wrote, as the participant sees it."""

    VERY_LIKELY_FIRST = 1
    MORE_LIKELY_FIRST = 2
    DONT_KNOW = 3
    MORE_LIKELY_SECOND = 4
    VERY_LIKELY_SECOND = 5


PAIR_LABELS = {
    PairChoice.VERY_LIKELY_FIRST: Sentence("Very likely the first text"),
    PairChoice.MORE_LIKELY_FIRST: Sentence("More likely the first text"),
    PairChoice.DONT_KNOW: Sentence("I don't know"),
    PairChoice.MORE_LIKELY_SECOND: Sentence("More likely the second text"),
    PairChoice.VERY_LIKELY_SECOND: Sentence("Very likely the second text"),
}


def judge_model_text(choice: PairChoice, *, first: Source) -> Judgment:
    """The judgment of the model text that a choice comes to, by whose text stood first.

    4 and 5 say that the model's text is the machine's, so a pair is scored as any trial of a model text is.
    """
    return Judgment(6 - choice) if first == "model" else Judgment(int(choice))


def find_choice(judgment: Judgment, *, first: str) -> PairChoice:
    """The inverse of `judge_model_text`: what was chosen on the page of a pair."""
    return PairChoice(6 - judgment) if first == "model" else PairChoice(int(judgment))
