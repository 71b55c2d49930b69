"""Could the texts be told apart without reading? A trivial classifier tries on surface features alone, arm by arm.

Of every text nine features are counted, made comparable (z over all texts of the arm's pairs, cut off at 3) and weighed
by ridge regression (penalty 5, with a constant) of the source, model +1 and human -1: w = (X'X + 5 I)^-1 X'y; a score
above 0 says "model". Cross-validation is in at most ten folds grouped by title: the i-th title is in fold i modulo
their number. Accuracy is the share of texts judged rightly (Wilson's 95 % interval: rough, since the texts of a fold
share their weights); AUC the chance that a model's text scores higher than a human one, ties half. p is from 199
exchanges of the sources within titles. Assumes one human and one model text a title; titles that lack one are left out.

The study's launch checklist works the same out with code of its own; a contract test holds the two together.
References: Hoerl and Kennard (1970), Technometrics 12, 55-67; Wilson (1927), JASA 22, 209-212.
"""

import random
import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata

from analysis.load import Bundle

LEAST_TITLES = 4
FOLDS, RIDGE, CUT_OFF, EXCHANGES = 10, 5.0, 3.0, 199
FEATURES = {
    # name: its unit
    "length": "words",
    "paragraphs": "paragraphs",
    "sentence length": "words a sentence",
    "word length": "letters a word",
    "punctuation": "marks in 100 words",
    "quotation marks": "in 100 words",
    "digits": "in 100 words",
    "capital words": "in 100 words",
    "a cut end": "share of texts",
}
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Cue:
    """One feature of the texts: its mean with either source, and its AUC by itself (above 0.5: the model has more)."""

    feature: str
    unit: str
    human: float
    model: float
    auc: float


@dataclass(frozen=True)
class ArmCues:
    """What the classifier makes of an arm, the strongest cue first; `reason` says why nothing could be worked out."""

    arm: str
    titles: int
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    auc: float | None = None
    p: float | None = None
    cues: tuple[Cue, ...] = ()
    reason: str = ""


def audit_arms(bundle: Bundle) -> tuple[ArmCues, ...]:
    """Every arm in the order of the bundle."""
    texts = bundle.stimuli.filter(pl.col("text").is_not_null())
    human = dict(texts.filter(pl.col("arm").is_null()).select("item", "text").iter_rows())
    audited = []
    for arm in bundle.arms["arm"]:
        model = dict(texts.filter(pl.col("arm") == arm).select("item", "text").iter_rows())
        titles = [item for item in human if item in model]
        audited.append(audit_arm(arm, [human[item] for item in titles], [model[item] for item in titles]))
    return tuple(audited)


def audit_arm(arm: str, human: list[str], model: list[str]) -> ArmCues:
    """The audit of pairs of texts, the two versions of a title each."""
    n = len(human)
    if n == 0:
        return ArmCues(arm, 0, reason="the bundle has no texts of both sources")
    if n < LEAST_TITLES:
        return ArmCues(arm, n, reason=f"fewer than {LEAST_TITLES} titles")
    raw = np.array([_count(text) for text in [*human, *model]])
    features = np.column_stack([_standardise(raw), np.ones(2 * n)])
    rng = random.Random(0)
    accuracy, auc = _judge(features, np.ones(n))
    exchanged = [
        _judge(features, np.array([1.0 if rng.getrandbits(1) else -1.0 for _ in range(n)]))[1] for _ in range(EXCHANGES)
    ]
    interval = binomtest(round(accuracy * 2 * n), 2 * n).proportion_ci(method="wilson")
    cues = [
        Cue(name, unit, float(raw[:n, i].mean()), float(raw[n:, i].mean()), _auc(raw[:n, i], raw[n:, i]))
        for i, (name, unit) in enumerate(FEATURES.items())
    ]
    return ArmCues(
        arm,
        n,
        accuracy=accuracy,
        low=float(interval.low),
        high=float(interval.high),
        auc=auc,
        p=(1 + sum(other >= auc for other in exchanged)) / (1 + EXCHANGES),
        cues=tuple(sorted(cues, key=lambda cue: -max(cue.auc, 1 - cue.auc))),
    )


def _count(text: str) -> list[float]:
    """The features of a text, in the order of `FEATURES`."""
    words = text.split()
    n = max(1, len(words))
    return [
        len(words),
        sum(bool(part.strip()) for part in re.split(r"\n\s*\n", text)),
        len(words) / max(1, len(re.findall(r"[.!?]+[\"')\]]*(?=\s|\Z)", text))),
        sum(character.isalpha() for character in text) / n,
        100 * sum(text.count(mark) for mark in ",;:()-!?") / n,
        100 * text.count('"') / n,
        100 * sum(character in "0123456789" for character in text) / n,
        100 * sum(bool(re.match(r"[\"'(\[]*[A-ZÀ-ÖØ-Þ]", word)) for word in words) / n,
        float(not re.search(r"[.!?][\"')\]]*\s*\Z", text)),
    ]


def _standardise(raw: Matrix) -> Matrix:
    spread = raw.std(axis=0)
    flat = spread < 1e-9
    z = (raw - raw.mean(axis=0)) / np.where(flat, 1.0, spread)
    return np.where(flat, 0.0, z.clip(-CUT_OFF, CUT_OFF))


def _judge(features: Matrix, signs: Matrix) -> tuple[float, float]:
    """Accuracy and AUC on left-out titles; a sign of -1 exchanges the sources of its title."""
    n = len(signs)
    labels = np.concatenate([-signs, signs])
    titles = np.tile(np.arange(n), 2)
    folds = titles % min(FOLDS, n)
    scores = np.empty(2 * n)
    for fold in range(min(FOLDS, n)):
        out = folds == fold
        known = features[~out]
        gram = known.T @ known + RIDGE * np.eye(features.shape[1])
        scores[out] = features[out] @ np.linalg.solve(gram, known.T @ labels[~out])
    scores = scores.round(9)
    right = (np.sign(scores) == labels).sum() + 0.5 * (scores == 0).sum()
    return float(right / (2 * n)), _auc(scores[labels < 0], scores[labels > 0])


def _auc(human: Matrix, model: Matrix) -> float:
    """The chance that a value of the second is larger than one of the first, by ranks; ties count half."""
    ranks = rankdata(np.concatenate([human, model]))
    n, m = len(human), len(model)
    return float((ranks[n:].sum() - m * (m + 1) / 2) / (n * m))
