"""A classifier of style: how a text is put, in character and word n-grams and a few counts, with no language model.

TF-IDF of character 2- to 4-grams within words (which hold punctuation and endings) and of single words and pairs of
them (which hold the function words), sublinear, and five standardised counts: letters a word, mean and standard
deviation of a sentence's words, different words among the first hundred, and the share of repeated 4-grams. Logistic
regression with an L2 penalty (C = 1) and both sources weighing alike. Koppel, Schler & Argamon 2009; Zheng et al. 2006.

A text's score is the log-odds of "a model wrote it" by a classifier that has seen no text of its title: folds are
grouped by title, at most ten, since the versions of one story share its names and words. All arms' texts train one
classifier, so that each text has one score. Machine when high. Features and weights are learned from the training
folds alone.
"""

import re
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from generator.fitness import measure_repetition

STYLOMETRY = "stylometry"
FOLDS, LEAST_TITLES = 10, 4
MOST_NGRAMS = 20_000  # of each kind, the most frequent
FIRST_WORDS = 100  # over which different words are counted, so that a long text has no fewer
_SENTENCE_END = re.compile(r"[.!?]+[\"'”’)\]]*(?:\s+|\Z)")


class StyleError(ValueError):
    """Texts that no classifier can be trained on; the message says why."""


def score_styles(texts: Sequence[str], *, titles: Sequence[str], is_model: Sequence[bool]) -> list[float]:
    """The log-odds that a model wrote each text, from the texts of other titles.

    Raises:
        StyleError: there are too few titles, or all texts are of one source.
    """
    labels, groups = np.array(is_model), np.array(titles)
    if (n := len(set(titles))) < LEAST_TITLES:
        raise StyleError(f"a classifier needs the texts of at least {LEAST_TITLES} titles, and there are {n}")
    scores = np.empty(len(texts))
    for known, left_out in GroupKFold(n_splits=min(FOLDS, n)).split(texts, labels, groups):
        if len(set(labels[known])) < 2:
            raise StyleError("a classifier needs texts of both sources in at least two titles")
        classifier = _make_classifier().fit([texts[i] for i in known], labels[known])
        scores[left_out] = classifier.decision_function([texts[i] for i in left_out])
    return scores.tolist()


def count_style(text: str) -> list[float]:
    """Letters a word, mean and standard deviation of a sentence's words, different words, repeated 4-grams."""
    words = text.split()
    lengths = [len(part.split()) for part in _SENTENCE_END.split(text) if part.strip()] or [0]
    first = [word.casefold().strip(".,;:!?\"'()“”‘’") for word in words[:FIRST_WORDS]]
    return [
        sum(map(str.isalpha, text)) / max(1, len(words)),
        float(np.mean(lengths)),
        float(np.std(lengths)),
        len(set(first)) / max(1, len(first)),
        measure_repetition(text),
    ]


class _StyleCounts(TransformerMixin, BaseEstimator):
    def fit(self, texts: Sequence[str], labels: object = None) -> "_StyleCounts":
        return self

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([count_style(text) for text in texts])

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _make_classifier() -> Pipeline:
    kept = {"max_features": MOST_NGRAMS, "sublinear_tf": True}
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), **kept)
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+", **kept)  # noqa: S106 # nosec B106 - no password
    features = make_union(characters, words, make_pipeline(_StyleCounts(), StandardScaler()))
    return make_pipeline(features, LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000))
