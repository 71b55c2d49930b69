"""A tiny corpus of made-up news and a checkpoint trained on it, one for all tests of a process."""

import json
import os
import random
import sys

import pytest
import torch

from generator.devices import THREADS_VARIABLE
from generator.packing import CorpusPlan
from generator.progress import LineBoard
from generator.specs import GPTSpec
from generator.train import train_model
from generator.training_run import TrainingPlan

PLACES = ["Vellmar", "Osthaven", "Little Quay", "Brannock", "Tessaly", "Ambersea"]
THINGS = ["bridge", "harbour", "library", "ferry", "market hall", "orchard", "lighthouse"]
SECTIONS = ["City", "Sport", "Arts"]
DEEDS = ["reopened", "closed", "flooded", "moved", "grew", "sold out"]


def make_articles(count: int, *, seed: int = 1, words: int = 120) -> list[dict[str, str]]:
    """Rows of the articles contract; no two alike."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        place, thing, deed = rng.choice(PLACES), rng.choice(THINGS), rng.choice(DEEDS)
        sentences = []
        while sum(len(sentence.split()) for sentence in sentences) < words:
            sentences.append(
                f"The {rng.choice(THINGS)} in {rng.choice(PLACES)} {rng.choice(DEEDS)} on day {rng.randint(2, 900)}."
            )
        half = len(sentences) // 2
        rows.append(
            {
                "id": f"a{number}",
                "title": f"{place} {thing} {deed} for the {number}th time",
                "subtitle": f"Residents of {place} counted {rng.randint(10, 99)} visitors." if number % 3 else "",
                "body": " ".join(sentences[:half]) + "\n\n" + " ".join(sentences[half:]),
            }
        )
    return rows


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def make_spec(**changes) -> GPTSpec:
    shape = {
        "name": "test", "n_layers": 2, "d_model": 32, "n_heads": 2, "context": 64, "vocab_size": 400, "band": 16,
        "attention": "alternating", "batch_tokens": 256, "peak_lr": 3e-3,
    }  # fmt: skip
    return GPTSpec(**{**shape, **changes})


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Models this small lose time on a second thread, most of all beside other tests."""
    before, limit = torch.get_num_threads(), os.environ.get(THREADS_VARIABLE)
    os.environ[THREADS_VARIABLE] = "1"
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    os.environ.pop(THREADS_VARIABLE) if limit is None else os.environ.update({THREADS_VARIABLE: limit})


@pytest.fixture(scope="session")
def corpus_file(tmp_path_factory):
    return write_jsonl(tmp_path_factory.mktemp("corpus") / "news.jsonl", make_articles(60))


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory, corpus_file):
    """Folders of two trained models, by attention; a context of 512 tokens."""
    root = tmp_path_factory.mktemp("checkpoints")
    folders = {}
    for attention in ("dense", "alternating"):
        spec = make_spec(attention=attention, context=512, band=64, batch_tokens=1024)
        plan = TrainingPlan(
            spec=spec,
            tokens=40_000,
            seed=3,
            corpus=CorpusPlan(files=(corpus_file,), exclude=(), vocab_size=spec.vocab_size),
            out=root / attention,
            device="cpu",
        )
        train_model(plan, board=LineBoard(sys.stderr))
        folders[attention] = plan.out
    return folders


def label_sections(rows):
    return [{**row, "section": SECTIONS[number % 3], "source": ""} for number, row in enumerate(rows)]


@pytest.fixture(scope="session")
def section_news(tmp_path_factory):
    """News of three sections."""
    rows = label_sections(make_articles(200, words=30))
    return write_jsonl(tmp_path_factory.mktemp("sections") / "news.jsonl", rows)


@pytest.fixture(scope="session")
def section_model(section_news, tmp_path_factory):
    """A model of few parameters that was trained on it."""
    spec = make_spec(n_layers=1, d_model=16, vocab_size=300, attention="dense")
    corpus = CorpusPlan(files=(section_news,), exclude=(), vocab_size=300)
    out = tmp_path_factory.mktemp("base") / "m"
    train_model(
        TrainingPlan(spec=spec, tokens=4000, seed=1, corpus=corpus, out=out, device="cpu"), board=LineBoard(sys.stderr)
    )
    return out
