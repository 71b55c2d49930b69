"""Curves: the losses are the model's own, nothing of it changes, only the context differs, and the gaps are paired."""

import csv
import hashlib
import json

import numpy as np
import pytest
import torch

from generator.checkpoint_files import load_model
from generator.corpus import read_articles, split_held_out
from generator.curve_plan import CurveError, draw_targets, plan_curve
from generator.curve_tables import ModelLosses, bin_positions, tabulate
from generator.curves import leave_out, main, make_passage
from generator.reading import ReadingError, Window
from generator.token_losses import measure_losses
from generator.writer import open_writer
from tests.generator.conftest import make_articles, write_jsonl
from tests.generator.foreign_models import make_foreign


@pytest.fixture(scope="module")
def news(tmp_path_factory):
    """Short articles that the checkpoints were not trained on, and one far too long."""
    rows = make_articles(11, seed=7, words=14)
    rows[0]["body"] = " ".join([rows[0]["body"]] * 60)
    return write_jsonl(tmp_path_factory.mktemp("curves") / "short.jsonl", rows)


def hash_weights(model):
    digest = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(name.encode() + weight.detach().numpy().tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def measured(checkpoints, news, tmp_path_factory):
    """A run over two models; the rows of its files, and whether the weights are as before."""
    out = tmp_path_factory.mktemp("out")
    models = [open_writer(folder, device="cpu").checkpoint.decoder.model for folder in checkpoints.values()]
    before = [hash_weights(model) for model in models]
    told = [part for folder in checkpoints.values() for part in ("--model", str(folder))]
    common = ["--articles", str(news), "--device", "cpu", "--resamples", "200", "--out", str(out)]
    assert main([*told, *common]) == 0
    tables = {
        path.stem: list(csv.DictReader(path.open(encoding="utf-8", newline=""))) for path in sorted(out.glob("*.csv"))
    }
    assert [hash_weights(model) for model in models] == before, "no weight may change"
    assert all(parameter.grad is None for model in models for parameter in model.parameters())
    return out, tables


def test_a_run_writes_tables_a_record_and_a_figure(measured):
    out, tables = measured
    record = json.loads((out / "curves.json").read_text())
    assert record["shots"][:3] == [0, 1, 2]
    assert record["left_out"]["too long for a context"] >= 1
    assert record["articles"] + sum(record["left_out"].values()) == 11
    assert len(tables["curves"]) == 2 * len(record["shots"])
    assert len(tables["articles"]) == 2 * len(record["shots"]) * record["articles"]
    assert {(row["from_shots"], row["to_shots"]) for row in tables["gaps"]} >= {("0", "1")}
    for row in tables["curves"] + tables["positions"]:
        assert float(row["ci_low"]) <= float(row["loss"]) <= float(row["ci_high"])
    assert b"<svg" in (out / "curves.svg").read_bytes() and (out / "curves.png").stat().st_size > 1000


def test_only_the_context_differs(measured, checkpoints, news):
    """The same articles and the same ones before them with every model; an article's tokens are the same at each K."""
    _, tables = measured
    by_model = {}
    for row in tables["articles"]:
        by_model.setdefault(row["model"], []).append((row["article"], row["shots"], row["before"]))
    first, second = by_model.values()
    assert first == second
    writer = open_writer(checkpoints["dense"], device="cpu")
    target = draw_targets(read_articles(news), seed=0, limit=5)[0]
    passages = [make_passage(writer, target, shots=number) for number in (0, 1, 2)]
    assert len({passage.tokens[passage.begin :] for passage in passages}) == 1
    assert target.list_context(2)[1:] == target.list_context(1), "the nearest stays where it is"
    assert target.article.ref not in {article.ref for article in target.neighbours}
    assert passages[0].begin < passages[1].begin < passages[2].begin


def test_a_loss_is_the_models_own(measured, checkpoints, news):
    """Against one plain forward pass a text, without padding or batches."""
    _, tables = measured
    row = next(row for row in tables["articles"] if row["model"] == "alternating" and row["shots"] == "1")
    by_ref = {article.ref: article for article in read_articles(news)}
    writer = open_writer(checkpoints["alternating"], device="cpu")
    targets = draw_targets(list(by_ref.values()), seed=0, limit=11)
    target = next(target for target in targets if target.article.ref == row["article"])
    assert row["before"] == target.neighbours[0].ref
    passage = make_passage(writer, target, shots=1)
    model = load_model(checkpoints["alternating"])
    tokens = torch.tensor([passage.tokens])
    with torch.inference_mode():
        logits = model.project(model(tokens))[0]
    losses = -torch.log_softmax(logits[:-1], 1).gather(1, tokens[0, 1:, None])[passage.begin - 1 :]
    assert float(row["loss"]) == pytest.approx(float(losses.sum()), rel=1e-5)


def test_losses_of_a_foreign_model_are_those_of_transformers(tmp_path):
    checkpoint = open_writer(make_foreign(tmp_path / "llama", "llama"), device="cpu").checkpoint
    rng = np.random.default_rng(0)
    passages = [
        Window(tuple(rng.integers(0, 250, size).tolist()), begin) for size, begin in ((9, 1), (40, 30), (17, 4))
    ]
    for passage, found in zip(passages, measure_losses(checkpoint, passages), strict=True):
        tokens = torch.tensor([passage.tokens])
        with torch.inference_mode():
            logits = checkpoint.decoder.model(input_ids=tokens).logits[0, :-1]
        losses = -torch.log_softmax(logits, 1).gather(1, tokens[0, 1:, None])[passage.begin - 1 :, 0]
        assert found == pytest.approx(losses.numpy(), rel=1e-4)
    with pytest.raises(ReadingError, match="do not fit into the context of 512"):
        measure_losses(checkpoint, [Window((1,) * 514)])


def test_gaps_are_paired_and_intervals_are_over_articles():
    """Articles that differ widely, and a context that saves each the same: the gap is sure, the losses are not."""
    tokens = np.full(40, 100)
    base = np.random.default_rng(1).normal(300, 60, 40)
    model = ModelLosses("m", 10, tokens, np.stack([base, base - 20]), np.ones((40, 2)), np.ones((40, 2)))
    tables = tabulate([model], shots=(0, 1), words=tokens // 2, ranges=((1, 1), (2, 3)), seed=0, resamples=500)
    (gap,) = tables.gaps
    assert (gap.gap, gap.ci_low, gap.ci_high) == pytest.approx((0.2, 0.2, 0.2))
    zero, one = tables.shots
    assert zero.loss == pytest.approx(base.mean() / 100) and zero.loss_a_word == pytest.approx(base.mean() / 50)
    normal = 1.96 * base.std() / np.sqrt(40) / 100
    assert zero.ci_high - zero.ci_low == pytest.approx(2 * normal, rel=0.15)
    assert one.loss == pytest.approx(zero.loss - 0.2)


def test_octaves_cover_a_context():
    assert bin_positions(8) == ((1, 1), (2, 3), (4, 7))
    assert bin_positions(10)[-1] == (8, 9)


def test_the_largest_k_is_one_at_which_half_the_articles_fit(news):
    targets = draw_targets(read_articles(news), seed=0, limit=10)
    places = {target.article.sha256: place for place, target in enumerate(targets)}
    plan = plan_curve(
        targets, shots=None, fits=lambda target, k: places[target.article.sha256] < 10 - 2 * k, left_out={}
    )
    assert plan.shots == (0, 1, 2)
    assert len(plan.targets) == 6 and plan.left_out == {"too long for a context": 4}
    with pytest.raises(CurveError, match="shorter articles"):
        plan_curve(targets, shots=(0, 4), fits=lambda target, k: False, left_out={})
    with pytest.raises(CurveError, match="0 to 10 articles"):
        plan_curve(targets, shots=(0, 30), fits=lambda target, k: True, left_out={})


def test_what_a_model_was_trained_on_is_left_out(checkpoints, corpus_file, news):
    """Of a model's own corpus only what its training held out may be measured."""
    corpus = read_articles(corpus_file)
    _, held_out = split_held_out(corpus)
    writer = open_writer(checkpoints["dense"], device="cpu")
    kept, counts = leave_out([*corpus, *read_articles(news)], writers=[writer], most_words=100)
    assert counts["longer than asked for"] == 60 + 1
    kept, counts = leave_out([*corpus, *corpus[:3]], writers=[writer], most_words=None)
    assert {article.ref for article in kept} == {article.ref for article in held_out}
    assert counts == {
        "twice in the files": 3,
        "longer than asked for": 0,
        "in a model's training text": 60 - len(held_out),
    }


def test_what_cannot_be_is_said(checkpoints, news, tmp_path, capsys):
    common = ["--model", str(checkpoints["dense"]), "--out", str(tmp_path), "--device", "cpu"]
    for arguments, message in (
        (["--articles", str(news), "--shots", "0,90"], "0 to 10 articles can stand before another here"),
        (["--articles", str(news), "--most-words", "3"], "no article is left to measure (11 longer than asked for)"),
        (["--articles", str(news), "--model", str(checkpoints["dense"])], "two models are called dense"),
    ):
        assert main([*common, *arguments]) == 2
        assert message in capsys.readouterr().err
