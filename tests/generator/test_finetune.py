"""Fine-tuning: what is trained, what is written, that it opens wherever a model does, and what it cost."""

import json
from dataclasses import replace

import pytest
import torch

from generator.adapters import ADAPTER_WEIGHTS, find_base
from generator.checkpoint_files import CheckpointError, load_model
from generator.checkpoints import open_checkpoint
from generator.corpus import read_articles
from generator.finetune import main
from generator.model_card import read_card
from generator.overlap import list_words
from generator.prompts import render_story
from generator.tuning_costs import gather_texts, measure_recall, measure_state
from generator.writer import open_writer
from tests.generator.conftest import make_articles, write_jsonl
from tests.generator.foreign_models import make_foreign

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def news(tmp_path_factory):
    """Articles of two sections in words that no model here has seen."""
    rows = make_articles(60, seed=11, words=40)
    for number, row in enumerate(rows):
        row["section"] = "Sport" if number % 3 else "Town"
        row["body"] = row["body"].replace("The ", "Every old ").replace("day", "week")
    return write_jsonl(tmp_path_factory.mktemp("tuning") / "other.jsonl", rows)


def tune(model, news, out, *more):
    told = ["--model", str(model), "--corpus", str(news), "--out", str(out), "--device", "cpu", "--context", "64"]
    return main([*told, "--batch-tokens", "256", "--probes", "2", *map(str, more)])


def predict(checkpoint):
    model = checkpoint.decoder.model
    tokens = torch.arange(20).unsqueeze(0)
    with torch.inference_mode():
        return model.project(model(tokens)) if hasattr(model, "project") else model(input_ids=tokens).logits


@pytest.fixture(scope="module")
def adapted(checkpoints, news, corpus_file, tmp_path_factory):
    """An adapter of a model of ours, trained on one section."""
    out = tmp_path_factory.mktemp("adapters") / "lora"
    more = ("--lora", 4, "--lr", 0.01, "--tokens", 6000, "--section", "sport", "--other", corpus_file)
    assert tune(checkpoints["alternating"], news, out, *more) == 0
    return out


def test_an_adapter_opens_as_a_model_and_is_small(adapted, checkpoints):
    before = load_model(checkpoints["alternating"])
    writer = open_writer(adapted, device="cpu")
    after = writer.checkpoint.decoder.model
    assert len(writer.version) == 12 and writer.checkpoint.training is not None
    changed = {
        name
        for (name, one), (other, two) in zip(before.named_parameters(), after.named_parameters(), strict=True)
        if name == other and not torch.equal(one, two)
    }
    layers = ("query_key_value", "projection", "expansion", "contraction")
    assert changed == {f"blocks.{n}.{place}.weight" for n in (0, 1) for place in (
        "attention.query_key_value", "attention.projection", "expansion", "contraction"
    )}, layers  # fmt: skip
    assert (adapted / ADAPTER_WEIGHTS).stat().st_size < (
        checkpoints["alternating"] / "model.safetensors"
    ).stat().st_size
    assert find_base(adapted) == checkpoints["alternating"]


def test_what_it_cost_is_measured_on_the_same_texts(adapted, checkpoints, news, corpus_file):
    costs = json.loads((adapted / "tuning.json").read_text())
    assert (costs["method"], costs["sections"], costs["format"]) == ("lora", ["sport"], 1)
    assert set(costs["articles"]) == {"held out", "other sections", "news.jsonl"}
    before, after = costs["before"], costs["after"]
    assert after["losses"]["held out"] < before["losses"]["held out"], "it learned"
    assert after["losses"]["news.jsonl"] > before["losses"]["news.jsonl"], "and forgot"
    card = (adapted / "README.md").read_text()
    assert "| loss: other sections |" in card and "Adapters (LoRA), from" in card
    _, texts = gather_texts([news], exclude=[], sections=["Sport"], others=[corpus_file])
    again = measure_state(open_writer(adapted, device="cpu"), texts, probes=2, seed=0)
    assert again.losses == pytest.approx(after["losses"])
    assert again.memorisation.ngram_share == pytest.approx(after["memorisation"]["ngram_share"])


def test_all_weights_of_a_model_of_ours_are_tuned_and_its_card_says_so(checkpoints, news, tmp_path):
    assert tune(checkpoints["dense"], news, tmp_path / "full", "--tokens", 2000, "--lr", 0.001) == 0
    card = read_card(tmp_path / "full")
    assert card.started_from.startswith("dense, SHA-256") and card.corpus_files == ("other.jsonl",)
    assert "## What fine-tuning changed\n\nAll weights, from dense" in (tmp_path / "full" / "README.md").read_text()
    seen = open_checkpoint(tmp_path / "full", device=CPU).training
    corpus, _ = gather_texts([news], exclude=[], sections=[], others=[])
    assert seen.measure(list_words(corpus.train[0].story.body))[1] == 1, "what it was tuned on is in its index"


class Parrot:
    """A decoder that says the next token of a text that it knows by heart, and token 0 after any other."""

    context, device = 512, CPU

    def __init__(self, known):
        self.known = known

    def open(self, prefix, *, rows, own):
        assert prefix == () and rows == 1
        return self

    def admit(self, suffix, *, rows):
        self.read = list(suffix)
        return self.step(torch.tensor([]))

    def step(self, tokens):
        self.read += tokens.int().tolist()
        place = len(self.read)
        is_known = list(self.known[:place]) == self.read
        return torch.nn.functional.one_hot(torch.tensor([self.known[place] if is_known else 0]), 500).float()


def test_what_is_known_by_heart_comes_back_up_to_the_first_token_that_differs(checkpoints, news):
    writer = open_writer(checkpoints["dense"], device="cpu")
    learned, other = read_articles(news)[:2]
    tokens = writer.checkpoint.encode_prompt(render_story(learned.story))
    begin = min(50, len(tokens) // 2)

    def recall(article, known):
        return measure_recall(replace(writer, checkpoint=replace(writer.checkpoint, decoder=Parrot(known))), article)

    assert recall(learned, tokens) == 1
    assert recall(other, tokens) == 0
    wrong = [*tokens[: begin + 7], 0, *tokens[begin + 8 :]]
    assert recall(learned, wrong) == pytest.approx(7 / len(tokens[begin : begin + 50]))


@pytest.mark.parametrize("rank", [pytest.param(None, marks=pytest.mark.slow), 2])
def test_other_peoples_models_are_tuned_too(rank, news, tmp_path):
    model = make_foreign(tmp_path / "llama", "llama")
    more = ("--lora", rank) if rank else ()
    assert tune(model, news, tmp_path / "out", "--tokens", 1500, "--lr", 0.01, *more) == 0
    before, after = (predict(open_checkpoint(folder, device=CPU)) for folder in (model, tmp_path / "out"))
    assert before.shape == after.shape and not torch.allclose(before, after)
    costs = json.loads((tmp_path / "out" / "tuning.json").read_text())
    assert costs["method"] == ("lora" if rank else "full")
    if rank:
        (model / "model.safetensors").rename(model / "moved.bin")
        with pytest.raises(CheckpointError, match=r"holds moved.bin and no safetensors"):
            open_checkpoint(tmp_path / "out", device=CPU)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (("--section", "Weather"), "0 articles to train on and 0 held out are in the sections Weather; the corpus has"),
        (("--context", "9999"), "longer than the model's own, 512"),
    ],
)
def test_what_cannot_be_says_why(more, fault, checkpoints, news, tmp_path, capsys):
    assert tune(checkpoints["dense"], news, tmp_path / "out", *more) == 2
    assert fault in capsys.readouterr().err


def test_a_folder_that_holds_something_is_left_alone(checkpoints, news, tmp_path, capsys):
    (tmp_path / "kept.txt").write_text("mine")
    assert tune(checkpoints["dense"], news, tmp_path) == 2
    assert "is not empty" in capsys.readouterr().err
