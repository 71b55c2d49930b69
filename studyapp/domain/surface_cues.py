"""Could a reader tell the sources apart without reading? Each surface feature of the texts is tried as a rule.

A rule is a threshold on one feature ("the text with more than three paragraphs is the model's"). Its accuracy is
cross-validated by leaving one item out (both of its versions, so that the two sources stay equally frequent): the best
thresholds of the other items, in either direction, judge the two texts; where several are equally good, each has a
share of the vote. 0.5 is chance. That it is above chance by luck is tested by the upper tail of the binomial
distribution B(2n, 1/2), times the number of features (Bonferroni). Judgments of left-out texts are not quite
independent, so the p value is a rough guide; a test against shuffled sources holds its rate of false alarms down.

Reference: Stone (1974), Cross-validatory choice and assessment of statistical predictions, JRSS B 36, 111-147.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from studyapp.domain.article_text import count_words, split_paragraphs

LEAST_ACCURACY = 0.6  # a cue below it tells next to nothing, however sure it is
ALPHA = 0.05
LEAST_ITEMS = 4  # fewer say nothing about a threshold
_ENDS = re.compile(r"[.!?][\"')\]]*\s*\Z")


def _per_hundred_words(pattern: str) -> Callable[[str], float]:
    compiled = re.compile(pattern)
    return lambda text: 100 * len(compiled.findall(text)) / max(1, count_words(text))


FEATURES: dict[str, Callable[[str], float]] = {
    "length": lambda text: float(count_words(text)),
    "paragraphs": lambda text: float(len(split_paragraphs(text))),
    "punctuation": _per_hundred_words(r"[,;:()\-!?]"),
    "quotation marks": _per_hundred_words(r"\""),
    "digits": _per_hundred_words(r"\d"),
    "a cut end": lambda text: float(not _ENDS.search(text)),
}


@dataclass(frozen=True)
class Cue:
    """How well one feature tells the sources apart: the share of texts, left out one item at a time."""

    feature: str
    accuracy: float
    p: float  # of luck, adjusted for the number of features

    @property
    def is_telling(self) -> bool:
        return self.accuracy >= LEAST_ACCURACY and self.p < ALPHA


def measure_cues(human: Sequence[str], model: Sequence[str]) -> list[Cue]:
    """Every feature as a cue for pairs of texts (the two versions of an item), the most telling first.

    Nothing is measured with fewer than four items.
    """
    if len(human) != len(model):
        raise ValueError(f"{len(human)} human and {len(model)} model texts are no pairs")
    if len(human) < LEAST_ITEMS:
        return []
    cues = [
        _make_cue(name, [measure(text) for text in human], [measure(text) for text in model])
        for name, measure in FEATURES.items()
    ]
    return sorted(cues, key=lambda cue: -cue.accuracy)


def _make_cue(feature: str, human: Sequence[float], model: Sequence[float]) -> Cue:
    accuracy = cross_validate_threshold(human, model)
    trials = 2 * len(human)
    p = _binomial_upper_tail(round(accuracy * trials), trials)
    return Cue(feature=feature, accuracy=accuracy, p=min(1.0, p * len(FEATURES)))


def cross_validate_threshold(human: Sequence[float], model: Sequence[float]) -> float:
    """The leave-one-item-out accuracy of the best threshold on one feature."""
    counts = Counter((*human, *model))
    thresholds = [*sorted(counts), math.inf]
    scores = [sum(value >= t for value in model) + sum(value < t for value in human) for t in thresholds]
    total = 2 * len(human)
    right: float = 0.0
    for of_human, of_model in zip(human, model, strict=True):
        left_out = Counter((of_human, of_model))
        best, votes, right_human, right_model = -1, 0, 0, 0
        for threshold, score in zip(thresholds, scores, strict=True):
            if counts[threshold] and counts[threshold] == left_out[threshold]:
                continue  # without this item nobody would have come upon that threshold
            above_human, above_model = of_human >= threshold, of_model >= threshold
            of_others = score - (not above_human) - above_model
            for says_model_above, points in ((True, of_others), (False, total - 2 - of_others)):
                if points < best:
                    continue
                if points > best:
                    best, votes, right_human, right_model = points, 0, 0, 0
                votes += 1
                right_human += above_human != says_model_above
                right_model += above_model == says_model_above
        right += (right_human + right_model) / votes
    return float(right / total)


def _binomial_upper_tail(hits: int, trials: int) -> float:
    """P(X >= hits) of X ~ B(trials, 1/2)."""
    return float(sum(math.comb(trials, k) for k in range(hits, trials + 1)) / 2**trials)
