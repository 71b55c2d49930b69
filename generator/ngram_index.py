"""Which word 8-grams stand in a model's training text: hashes in a file beside its weights, and never the text.

A hash of 64 bits is a polynomial of its words' own hashes. Of a billion 8-grams one in ten billion looked up is taken
for another.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from generator.overlap import SHARED_NGRAM, list_words

INDEX_FILE = "training-ngrams.npy"
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that no word's bits are lost


class NgramIndex:
    """The sorted hashes, (n,) uint64, read where they lie."""

    def __init__(self, hashes: np.ndarray) -> None:
        self._hashes = hashes

    def measure(self, words: Sequence[str]) -> tuple[int, float]:
        """The longest run of words that stands in the training text, and the share of 8-grams that do.

        A run is a chain of 8-grams that overlap; where two places share 7 words a chain may join them, so that it is
        an upper bound. Runs shorter than 8 words are not seen and count as 0.
        """
        wanted = hash_ngrams(words)
        if not len(wanted) or not len(self._hashes):
            return 0, 0.0
        places = np.searchsorted(self._hashes, wanted)
        places[places == len(self._hashes)] = 0
        found = self._hashes[places] == wanted
        longest = length = 0
        for hit in found.tolist():
            length = length + 1 if hit else 0
            longest = max(longest, length)
        return (longest + SHARED_NGRAM - 1 if longest else 0), float(found.mean())


def build_index(texts: Iterable[str], path: Path) -> None:
    """Write the index of texts to `path`."""
    np.save(path, _hash_texts(texts))


def index_texts(texts: Iterable[str]) -> NgramIndex:
    """The index of texts, in memory."""
    return NgramIndex(_hash_texts(texts))


def _hash_texts(texts: Iterable[str]) -> np.ndarray:
    parts = [hash_ngrams(list_words(text)) for text in texts]
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)


def join_indexes(paths: Iterable[Path], path: Path) -> None:
    """Write one index of all that stands in several; those that are not there hold nothing."""
    hashes = [np.load(part, mmap_mode="r") for part in paths if part.is_file()]
    np.save(path, np.unique(np.concatenate(hashes)) if hashes else np.zeros(0, np.uint64))


def open_index(folder: Path) -> NgramIndex | None:
    """The index beside a checkpoint's weights; None where there is none."""
    path = folder / INDEX_FILE
    return NgramIndex(np.load(path, mmap_mode="r")) if path.is_file() else None


def hash_ngrams(words: Sequence[str]) -> np.ndarray:
    """(n,) uint64: a hash for each run of 8 words, in order."""
    if len(words) < SHARED_NGRAM:
        return np.zeros(0, np.uint64)
    hashes = np.fromiter((_hash_word(word) for word in words), dtype=np.uint64, count=len(words))
    n = len(words) - SHARED_NGRAM + 1
    total = np.zeros(n, np.uint64)
    for offset in range(SHARED_NGRAM):
        total = total * np.uint64(_FACTOR) + hashes[offset : offset + n]  # modulo 2⁶⁴
    return total


@lru_cache(maxsize=500_000)
def _hash_word(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
