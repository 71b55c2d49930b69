"""How much of a text stands word for word in another: pure, and the same for whoever asks.

Words are runs of letters and digits, case folded: what a reader would call the same words.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

SHARED_NGRAM = 8  # words


def list_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def find_longest_run(words: Sequence[str], others: Sequence[str]) -> int:
    """The most words in a row that both have."""
    # autojunk would leave out the words that are frequent in a long text
    return SequenceMatcher(None, words, others, autojunk=False).find_longest_match().size


def measure_overlap(words: Sequence[str], others: Sequence[str]) -> tuple[int, float]:
    """The longest run of `words` that `others` have too, and the share of its 8-grams that they have."""
    own, theirs = list_ngrams(words), set(list_ngrams(others))
    share = sum(ngram in theirs for ngram in own) / len(own) if own else 0.0
    return find_longest_run(words, others), share


def list_ngrams(words: Sequence[str], *, length: int = SHARED_NGRAM) -> list[tuple[str, ...]]:
    """Every run of `length` words, in order; none of a shorter text."""
    return [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
