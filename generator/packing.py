"""Articles to token files: documents packed end to end, each begun by an end-of-text token, mapped into memory."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from generator.corpus import Corpus, CorpusArticle, gather_corpus
from generator.ngram_index import INDEX_FILE, build_index
from generator.prompts import render_story
from generator.tokenizer import TextCodec, find_tokenizer_file, load_tokenizer, train_tokenizer

_RECORD = "corpus.json"
_FORMAT = 4  # a folder packed in another way is packed anew
_TRAIN, _HELD_OUT, _TOKENIZER = "train.npy", "held_out.npy", "tokenizer"
_TRAIN_DOCUMENTS, _HELD_OUT_DOCUMENTS = "train_documents.npz", "held_out_documents.npz"
_LABELS = ("section", "source")
_DOCUMENTS_AT_ONCE = 1000


@dataclass(frozen=True)
class CorpusPlan:
    """What to train on. `tokenizer` is a folder to take one from; without it one of `vocab_size` tokens is trained."""

    files: tuple[Path, ...]
    exclude: tuple[Path, ...]
    vocab_size: int
    tokenizer: Path | None = None

    def digest(self) -> str:
        """SHA-256 of everything that decides the tokens: contents of the files, vocabulary, tokenizer.

        Raises:
            FileNotFoundError: a file is missing.
        """
        tokenizer = find_tokenizer_file(self.tokenizer) if self.tokenizer else None
        parts = {
            "files": [_hash_file(path) for path in self.files],
            "exclude": [_hash_file(path) for path in self.exclude],
            "vocabulary": _hash_file(tokenizer) if tokenizer else self.vocab_size,
        }
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class CorpusRecord:
    """What was packed; kept beside the token files as JSON. Counts of articles, tokens and words."""

    plan_sha256: str
    corpus_sha256: str  # of both token files
    files: tuple[str, ...]
    n_train: int
    n_held_out: int
    n_duplicates: int
    n_near_duplicates: int
    excluded: tuple[str, ...]
    train_tokens: int
    held_out_tokens: int
    tokens_per_word: float
    vocab_size: int


@dataclass(frozen=True)
class Documents:
    """Where a stream's documents begin, (n,) int64, and what they are labelled with.

    `labels` has for `section` and for `source` the names that occur, and (n,) numbers into them.
    """

    starts: np.ndarray
    labels: Mapping[str, tuple[np.ndarray, np.ndarray]]

    def bounds(self, number: int, *, n_tokens: int) -> tuple[int, int]:
        """Where a document begins and the next one does, in a stream of `n_tokens`."""
        is_last = number + 1 == len(self.starts)
        return int(self.starts[number]), n_tokens if is_last else int(self.starts[number + 1])


@dataclass(frozen=True)
class PackedCorpus:
    """The token streams, (n,) uint16 or uint32, read where they lie, with their tokenizer and their record.

    Of each stream's documents no more is read until it is asked for.
    """

    train: np.ndarray
    held_out: np.ndarray
    codec: TextCodec
    record: CorpusRecord
    folder: Path

    @cached_property
    def train_documents(self) -> Documents:
        return _read_documents(self.folder / _TRAIN_DOCUMENTS)

    @cached_property
    def held_out_documents(self) -> Documents:
        return _read_documents(self.folder / _HELD_OUT_DOCUMENTS)


def prepare_corpus(plan: CorpusPlan, *, folder: Path) -> PackedCorpus:
    """The packed corpus in `folder`, made there unless the same one is there already.

    Raises:
        CorpusError: the articles cannot be read.
        FileNotFoundError, ValueError: the tokenizer cannot be.
    """
    digest = plan.digest()
    if _read_plan_digest(folder) != digest:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _pack(gather_corpus(plan.files, exclude=plan.exclude), plan, digest=digest, folder=folder)
    return _open_packed(folder)


def _pack(corpus: Corpus, plan: CorpusPlan, *, digest: str, folder: Path) -> None:
    if plan.tokenizer:
        codec = load_tokenizer(plan.tokenizer)
    else:
        codec = train_tokenizer(_render(corpus.train), vocab_size=plan.vocab_size)
    codec.save(folder / _TOKENIZER)
    train, held_out = (encode_articles(codec, part) for part in (corpus.train, corpus.held_out))
    np.save(folder / _TRAIN, train)
    np.save(folder / _HELD_OUT, held_out)
    _write_documents(folder / _TRAIN_DOCUMENTS, train, corpus.train, mark=codec.end_of_text)
    _write_documents(folder / _HELD_OUT_DOCUMENTS, held_out, corpus.held_out, mark=codec.end_of_text)
    build_index((article.story.body for article in corpus.train), folder / INDEX_FILE)
    n_words = sum(len(text.split()) for text in _render([*corpus.train, *corpus.held_out]))
    n_documents = len(corpus.train) + len(corpus.held_out)
    record = CorpusRecord(
        plan_sha256=digest,
        corpus_sha256=hashlib.sha256(train.tobytes() + held_out.tobytes()).hexdigest(),
        files=tuple(path.name for path in plan.files),
        n_train=len(corpus.train),
        n_held_out=len(corpus.held_out),
        n_duplicates=corpus.n_duplicates,
        n_near_duplicates=corpus.n_near_duplicates,
        excluded=corpus.excluded,
        train_tokens=len(train),
        held_out_tokens=len(held_out),
        tokens_per_word=(len(train) + len(held_out) - n_documents) / n_words,
        vocab_size=codec.vocab_size,
    )
    # written last: a folder with a record is whole
    content = {"format": _FORMAT, **asdict(record)}
    (folder / _RECORD).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def encode_articles(codec: TextCodec, articles: Sequence[CorpusArticle]) -> np.ndarray:
    """(n,) tokens: end of text, document, end of text, document, …; to be read round (`read_sequence`)."""
    dtype = np.uint16 if codec.vocab_size <= 2**16 else np.uint32
    parts = []
    texts = _render(articles)
    for start in range(0, len(texts), _DOCUMENTS_AT_ONCE):
        for tokens in codec.encode_batch(texts[start : start + _DOCUMENTS_AT_ONCE]):
            parts.append(np.array([codec.end_of_text, *tokens], dtype=dtype))
    return np.concatenate(parts)


def _write_documents(path: Path, stream: np.ndarray, articles: Sequence[CorpusArticle], *, mark: int) -> None:
    arrays = {"starts": np.flatnonzero(stream == mark)}  # the mark is never within a document
    for label in _LABELS:
        names, numbers = np.unique([getattr(article, label) for article in articles], return_inverse=True)
        arrays |= {f"{label}_names": names, label: numbers.astype(np.int32)}
    np.savez(path, **arrays)


def _read_documents(path: Path) -> Documents:
    with np.load(path) as arrays:
        labels = {label: (arrays[f"{label}_names"], arrays[label]) for label in _LABELS}
        return Documents(starts=arrays["starts"], labels=labels)


def find_start(index: int, *, n_tokens: int, context: int, seed: int) -> int:
    """Where the `index`-th sequence of a training run begins in a stream of `n_tokens`.

    Within an epoch every sequence of `context` tokens is drawn once, in an order permuted by the seed; each epoch cuts
    the stream at other places. A function of its arguments alone, so that a run can be taken up at any step.
    """
    n_sequences = max(1, n_tokens // context)
    epoch, place = divmod(index, n_sequences)
    shift, order = _order_epoch(seed, epoch, n_sequences, n_tokens)
    return (shift + int(order[place]) * context) % n_tokens


@lru_cache(maxsize=2)
def _order_epoch(seed: int, epoch: int, n_sequences: int, n_tokens: int) -> tuple[int, np.ndarray]:
    rng = np.random.default_rng([seed, epoch])
    return int(rng.integers(n_tokens)), rng.permutation(n_sequences)


def read_sequence(stream: np.ndarray, start: int, *, length: int) -> np.ndarray:
    """(length,) tokens from `start`, going on at the stream's beginning where it ends; int64."""
    if start + length <= len(stream):
        return stream[start : start + length].astype(np.int64)
    return np.take(stream, np.arange(start, start + length), mode="wrap").astype(np.int64)


def _render(articles: Sequence[CorpusArticle]) -> list[str]:
    return [render_story(article.story) for article in articles]


def _open_packed(folder: Path) -> PackedCorpus:
    content = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    del content["format"]
    for name in ("files", "excluded"):
        content[name] = tuple(content[name])
    return PackedCorpus(
        train=np.load(folder / _TRAIN, mmap_mode="r"),
        held_out=np.load(folder / _HELD_OUT, mmap_mode="r"),
        codec=load_tokenizer(folder / _TOKENIZER),
        record=CorpusRecord(**content),
        folder=folder,
    )


def _read_plan_digest(folder: Path) -> str | None:
    try:
        content = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        return content["plan_sha256"] if content.get("format") == _FORMAT else None
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
