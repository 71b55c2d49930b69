"""Could a reader tell the sources apart without reading? A trivial classifier tries, on nothing but a text's surface.

Of every text nine features are counted (`FEATURES`), made comparable (z over all texts of the arm's pairs, cut off at
±3) and weighed by ridge regression of the source (model +1, human -1) with a constant; a score above 0 says "model". It
is cross-validated in at most ten folds grouped by title (the i-th title is in fold i modulo their number), so that no
text is judged by weights that knew its title. *Accuracy* is the share of texts judged rightly (with Wilson's 95 %
interval: rough, since the texts of a fold share their weights), *AUC* the chance that a model's text scores higher than
a human one. That the AUC is above chance by luck is tested by exchanging the sources within titles, 199 times.
A feature's own AUC, without any classifier, names the cue that gives most away.

The report works the same out from a bundle, with code of its own (`analysis/surface_cues.py`); a contract test holds
the two together.

References: Hoerl and Kennard (1970), Technometrics 12, 55-67; Stone (1974), JRSS B 36, 111-147.
"""

import math
import random
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

from studyapp.domain.article_text import count_words, split_paragraphs

LEAST_AUC = 0.65  # below it, a cue tells next to nothing, however sure it is
ALPHA = 0.05
LEAST_ITEMS = 4  # fewer say nothing
MOST_FOLDS = 10
RIDGE = 5.0
MOST_Z = 3.0
EXCHANGES = 199
_SENTENCE_END = re.compile(r"[.!?]+[\"')\]]*(?=\s|\Z)")
_LETTER = re.compile(r"[^\W\d_]")
_WHOLE_END = re.compile(r"[.!?][\"')\]]*\s*\Z")
Vector = list[float]


def _per_hundred_words(pattern: str) -> Callable[[str], float]:
    compiled = re.compile(pattern)
    return lambda text: 100 * len(compiled.findall(text)) / max(1, count_words(text))


@dataclass(frozen=True)
class Feature:
    """What is counted, and how people say it."""

    measure: Callable[[str], float]
    unit: str


FEATURES: dict[str, Feature] = {
    "length": Feature(lambda text: float(count_words(text)), "words"),
    "paragraphs": Feature(lambda text: float(len(split_paragraphs(text))), "paragraphs"),
    "sentence length": Feature(
        lambda text: count_words(text) / max(1, len(_SENTENCE_END.findall(text))), "words a sentence"
    ),
    "word length": Feature(lambda text: len(_LETTER.findall(text)) / max(1, count_words(text)), "letters a word"),
    "punctuation": Feature(_per_hundred_words(r"[,;:()\-!?]"), "marks in 100 words"),
    "quotation marks": Feature(_per_hundred_words(r"\""), "in 100 words"),
    "digits": Feature(_per_hundred_words(r"[0-9]"), "in 100 words"),
    "capital words": Feature(_per_hundred_words(r"(?<!\S)[\"'(\[]*[A-ZÀ-ÖØ-Þ]"), "in 100 words"),
    "a cut end": Feature(lambda text: float(not _WHOLE_END.search(text)), "of the texts"),
}


@dataclass(frozen=True)
class Cue:
    """One feature: its mean with either source, and the chance that a model's text has more of it (ties: half)."""

    feature: str
    human: float
    model: float
    auc: float

    @property
    def strength(self) -> float:
        return max(self.auc, 1 - self.auc)

    def tell(self) -> str:
        """`paragraphs: 4.2 in human texts, 1.0 in the model's (AUC 0.98 by itself)`"""
        if self.feature == "a cut end":
            numbers = f"{100 * self.human:.0f} % of human texts, {100 * self.model:.0f} % of the model's"
        else:
            unit = FEATURES[self.feature].unit
            words = "" if unit == self.feature else f" {unit}"
            numbers = f"{self.human:.1f}{words} in human texts, {self.model:.1f} in the model's"
        return f"{self.feature}: {numbers} (AUC {self.strength:.2f} by itself)"


@dataclass(frozen=True)
class CueAudit:
    """How well the classifier does on texts whose titles it did not know, and every feature, the most telling first."""

    n_items: int
    accuracy: float
    low: float
    high: float
    auc: float
    p: float
    cues: tuple[Cue, ...]

    @property
    def is_telling(self) -> bool:
        return self.auc >= LEAST_AUC and self.p < ALPHA


@lru_cache(maxsize=64)
def audit_cues(human: tuple[str, ...], model: tuple[str, ...]) -> CueAudit | None:
    """The audit of pairs of texts, the two versions of a title each; None with fewer than four titles."""
    if len(human) != len(model):
        raise ValueError(f"{len(human)} human and {len(model)} model texts are no pairs")
    if len(human) < LEAST_ITEMS:
        return None
    counted = {
        name: ([feature.measure(text) for text in human], [feature.measure(text) for text in model])
        for name, feature in FEATURES.items()
    }
    cues = [Cue(name, _mean(of_human), _mean(of_model), measure_auc(of_human, of_model))
            for name, (of_human, of_model) in counted.items()]  # fmt: skip
    classifier = _Classifier([_standardise(of_human, of_model) for of_human, of_model in counted.values()])
    n, rng = len(human), random.Random(0)
    accuracy, auc = classifier.judge([1] * n)
    exchanged = (classifier.judge([1 if rng.getrandbits(1) else -1 for _ in range(n)])[1] for _ in range(EXCHANGES))
    p = (1 + sum(other >= auc for other in exchanged)) / (1 + EXCHANGES)
    low, high = _find_wilson(accuracy, 2 * n)
    return CueAudit(n, accuracy, low, high, auc, p, tuple(sorted(cues, key=lambda cue: -cue.strength)))


def measure_auc(human: Sequence[float], model: Sequence[float]) -> float:
    """The chance that a value of the second is larger than one of the first; ties count half."""
    ordered = sorted(human)
    above = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in model)
    return above / (2 * len(human) * len(model))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _standardise(human: Sequence[float], model: Sequence[float]) -> tuple[Vector, Vector]:
    values = [*human, *model]
    mean = _mean(values)
    spread = math.sqrt(_mean([(value - mean) ** 2 for value in values]))
    if spread < 1e-9:
        return [0.0] * len(human), [0.0] * len(model)
    z = [max(-MOST_Z, min(MOST_Z, (value - mean) / spread)) for value in values]
    return z[: len(human)], z[len(human) :]


class _Classifier:
    """Ridge regression in folds. Its weights are linear in the labels, so that exchanging these costs little."""

    def __init__(self, columns: Sequence[tuple[Vector, Vector]]) -> None:
        n = len(columns[0][0])
        self._human = [[*(of_human[i] for of_human, _ in columns), 1.0] for i in range(n)]
        self._model = [[*(of_model[i] for _, of_model in columns), 1.0] for i in range(n)]
        self._apart = [
            [b - a for a, b in zip(h, m, strict=True)] for h, m in zip(self._human, self._model, strict=True)
        ]
        self._folds = [range(fold, n, min(MOST_FOLDS, n)) for fold in range(min(MOST_FOLDS, n))]
        self._inverses = [self._invert_without(fold) for fold in self._folds]

    def _invert_without(self, fold: range) -> list[Vector]:
        rows = [row for i in range(len(self._human)) if i not in fold for row in (self._human[i], self._model[i])]
        size = len(rows[0])
        gram = [[sum(row[a] * row[b] for row in rows) + RIDGE * (a == b) for b in range(size)] for a in range(size)]
        return _invert(gram)

    def judge(self, signs: Sequence[int]) -> tuple[float, float]:
        """Accuracy and AUC on left-out titles; a sign of -1 exchanges the sources of its title."""
        scores = [(0.0, 0.0)] * len(signs)
        total = self._sum(range(len(signs)), signs)
        for fold, inverse in zip(self._folds, self._inverses, strict=True):
            others = [a - b for a, b in zip(total, self._sum(fold, signs), strict=True)]
            weights = [_dot(row, others) for row in inverse]
            for i in fold:
                pair = round(_dot(weights, self._human[i]), 9), round(_dot(weights, self._model[i]), 9)
                scores[i] = pair if signs[i] > 0 else pair[::-1]
        human, model = [a for a, _ in scores], [b for _, b in scores]
        right = sum((a < 0) + (b > 0) + 0.5 * ((a == 0) + (b == 0)) for a, b in scores)
        return right / (2 * len(signs)), measure_auc(human, model)

    def _sum(self, titles: range, signs: Sequence[int]) -> Vector:
        """The features times the labels, over the texts of these titles."""
        columns = zip(*([signs[i] * value for value in self._apart[i]] for i in titles), strict=True)
        return [sum(column) for column in columns]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other)))


def _invert(matrix: list[Vector]) -> list[Vector]:
    """The inverse of a positive definite matrix, by Gauss and Jordan."""
    size = len(matrix)
    rows = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = rows[i][i]
        rows[i] = [value / pivot for value in rows[i]]
        for j in range(size):
            if j != i and (factor := rows[j][i]):
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[size:] for row in rows]


def _find_wilson(share: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval of a share."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
