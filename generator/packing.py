"""Articles to token files: documents packed end to end, each begun by an end-of-text token, mapped into memory."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from generator.corpus import Corpus, CorpusArticle, gather_corpus
from generator.ngram_index import INDEX_FILE, build_index
from generator.prompts import render_story
from generator.tokenizer import TextCodec, find_tokenizer_file, load_tokenizer, train_tokenizer

_RECORD = "corpus.json"
_FORMAT = 3  # a folder packed in another way is packed anew
_TRAIN, _HELD_OUT, _TOKENIZER = "train.npy", "held_out.npy", "tokenizer"
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
class PackedCorpus:
    """The token streams, (n,) uint16 or uint32, read where they lie, with their tokenizer and their record."""

    train: np.ndarray
    held_out: np.ndarray
    codec: TextCodec
    record: CorpusRecord


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
    )


def _read_plan_digest(folder: Path) -> str | None:
    try:
        content = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        return content["plan_sha256"] if content.get("format") == _FORMAT else None
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
