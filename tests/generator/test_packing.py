import numpy as np
import pytest

from generator.corpus import gather_corpus
from generator.packing import CorpusPlan, find_start, prepare_corpus, read_sequence
from generator.prompts import render_story
from tests.generator.conftest import make_articles, write_jsonl


@pytest.fixture
def plan(tmp_path):
    return CorpusPlan(files=(write_jsonl(tmp_path / "a.jsonl", make_articles(30)),), exclude=(), vocab_size=400)


def test_the_stream_is_the_documents(plan, tmp_path):
    packed = prepare_corpus(plan, folder=tmp_path / "packed")
    corpus = gather_corpus(plan.files)
    assert packed.train.dtype == np.uint16
    end = packed.codec.end_of_text
    documents = np.split(packed.train, np.flatnonzero(packed.train == end))[1:]
    assert [packed.codec.decode(part[1:].tolist()) for part in documents] == [
        render_story(article.story) for article in corpus.train
    ]
    record = packed.record
    assert (record.train_tokens, record.held_out_tokens) == (len(packed.train), len(packed.held_out))
    assert record.n_train + record.n_held_out == 30
    assert 1 < record.tokens_per_word < 6


def test_made_once_and_anew_when_something_changed(plan, tmp_path):
    folder = tmp_path / "packed"
    first = prepare_corpus(plan, folder=folder).record
    written = (folder / "train.npy").stat().st_mtime_ns
    assert prepare_corpus(plan, folder=folder).record == first
    assert (folder / "train.npy").stat().st_mtime_ns == written
    write_jsonl(plan.files[0], make_articles(31))
    assert prepare_corpus(plan, folder=folder).record.corpus_sha256 != first.corpus_sha256


@pytest.mark.parametrize(("n_tokens", "context"), [(1000, 64), (640, 64), (50, 64)])
def test_an_epoch_draws_every_sequence_once(n_tokens, context):
    stream = np.arange(n_tokens, dtype=np.uint16)
    n_sequences = max(1, n_tokens // context)
    epochs = []
    for epoch in range(3):
        starts = [
            find_start(epoch * n_sequences + place, n_tokens=n_tokens, context=context, seed=5)
            for place in range(n_sequences)
        ]
        drawn = np.concatenate([read_sequence(stream, start, length=context) for start in starts])
        assert len(set(drawn.tolist())) == min(n_sequences * context, n_tokens)
        epochs.append(starts)
    assert epochs[0] != epochs[1] != epochs[2]


def test_a_sequence_goes_on_at_the_beginning():
    assert read_sequence(np.arange(5, dtype=np.uint16), 3, length=4).tolist() == [3, 4, 0, 1]
