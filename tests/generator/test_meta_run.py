"""Runs over sections, from the command line and broken off."""

import csv
import os
import subprocess
import sys

import numpy as np
import pytest

from generator.adaptation import Adaptation, TaskLoss
from generator.article_tasks import TaskError, draw_tasks, find_measured_tasks, find_training_tasks, halve_tasks
from generator.checkpoints import load_model
from generator.model_card import read_card
from generator.objectives import Objective
from generator.packing import CorpusPlan, prepare_corpus
from generator.progress import SilentBoard
from generator.train import main, make_further_spec, train_model
from generator.training_run import TrainingPlan
from tests.generator.conftest import SECTIONS, label_sections, make_articles

SMALL = ["--tasks", "2", "--shots", "1", "--task-tokens", "32", "--tokens", "1024", "--device", "cpu"]


@pytest.fixture(scope="module")
def packed(section_news, section_model, tmp_path_factory):
    plan = CorpusPlan(files=(section_news,), exclude=(), vocab_size=300, tokenizer=section_model)
    return prepare_corpus(plan, folder=tmp_path_factory.mktemp("packed"))


def make_plan(section_news, section_model, out, name="taml-theil", **changes):
    fields = {"n_tasks": 2, "shots": 1, "length": 32, **changes}
    return TrainingPlan(
        spec=make_further_spec(section_model),
        tokens=1024,
        seed=4,
        corpus=CorpusPlan(files=(section_news,), exclude=(), vocab_size=300, tokenizer=section_model),
        out=out,
        device="cpu",
        precision="fp32",
        start=section_model,
        objective=Objective(name, **fields),
    )


def test_a_draw_is_of_one_section_and_has_no_article_on_both_sides(packed):
    objective = Objective("maml", n_tasks=3, shots=2, length=400)  # longer than an article
    tasks = find_training_tasks(packed.train_documents, objective=objective)
    assert [task.name for task in tasks] == sorted(SECTIONS)
    titles = {row["title"]: row["section"] for row in label_sections(make_articles(200, words=30))}

    def list_titles(sequences):
        text = "\n".join(packed.codec.decode(row.tolist()) for row in sequences)
        return {title for title in titles if f"Title: {title}\n" in text}

    draws = [
        draw_tasks(packed.train, packed.train_documents, tasks, objective=objective, seed=3, step=step)
        for step in (5, 5, 6)
    ]
    for draw, again, other in zip(*draws, strict=True):
        assert draw.support.shape == draw.query.shape == (2, 401)
        np.testing.assert_array_equal(draw.support, again.support)
        assert not np.array_equal(draw.support, other.support)
        sides = [list_titles(side) for side in (draw.support, draw.query)]
        assert all(sides) and not sides[0] & sides[1]
        assert {titles[title] for title in sides[0] | sides[1]} == {draw.name}


def test_halves_of_held_out_articles_share_none(packed):
    objective = Objective("maml", n_tasks=3, shots=1, length=32)
    tasks = find_training_tasks(packed.held_out_documents, objective=objective)
    for task in halve_tasks(packed.held_out, packed.held_out_documents, tasks, objective=objective, most=4):
        first, second = ({tuple(row) for row in part.tolist()} for part in task.measured)
        assert len(first) == len(second) == 4 and not first & second
        assert all(part.shape == (1, 33) for part in task.support)


def test_a_run_that_is_broken_off_goes_on_exactly(section_news, section_model, tmp_path):
    def stop(report):
        if report.step == 5:
            raise KeyboardInterrupt

    whole = train_model(make_plan(section_news, section_model, tmp_path / "whole"), board=SilentBoard())
    broken = make_plan(section_news, section_model, tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        train_model(broken, board=SilentBoard(), on_step=stop)
    assert train_model(broken, board=SilentBoard()).adaptation == whole.adaptation
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "broken")]
    assert weights[0] == weights[1] != (section_model / "model.safetensors").read_bytes()
    assert read_card(tmp_path / "whole") == whole


@pytest.mark.slow
def test_two_processes_share_the_tasks_of_a_step(section_news, section_model, tmp_path):
    """torchrun with gloo: what they train differs from one process's by rounding alone."""
    arguments = [*SMALL, "--from", str(section_model), "--corpus", str(section_news), "--precision", "fp32"]
    arguments += ["--objective", "taml-theil", "--keep", "last"]
    assert main([*arguments, "--out", str(tmp_path / "one")]) == 0
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "generator.train", *arguments, "--out", str(tmp_path / "two")]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    one, two = (read_card(tmp_path / name) for name in ("one", "two"))
    assert (one.n_processes, two.n_processes) == (1, 2) and one.steps == two.steps
    assert two.adaptation.after == pytest.approx(one.adaptation.after, abs=2e-4)
    assert one.adaptation.after < one.adaptation_at_start.after - 1e-3, "it was trained on"


def test_the_record_holds_the_losses_of_start_and_end(section_news, section_model, tmp_path):
    card = train_model(make_plan(section_news, section_model, tmp_path / "m", "plain"), board=SilentBoard())
    assert card.steps == 8 and card.objective.name == "plain" and card.started_from.startswith("m, SHA-256 ")
    assert card.adaptation.before < card.adaptation_at_start.before, "it was trained on"
    with (tmp_path / "m" / "adaptation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["checkpoint"], row["task"]) for row in rows] == [
        (checkpoint, name) for checkpoint in ("start", "trained") for name in sorted(SECTIONS)
    ]
    assert float(rows[-1]["after"]) == card.adaptation.tasks[-1].after
    text = (tmp_path / "m" / "README.md").read_text()
    assert "| theil |" in text and f"| Sport | {card.adaptation.tasks[-1].articles} |" in text
    assert (tmp_path / "m" / "tokenizer.json").read_bytes() == (section_model / "tokenizer.json").read_bytes()


def test_inequality_is_that_of_the_measures():
    losses = [TaskLoss("a", 2, 10, before=1.0, after=2.0), TaskLoss("b", 2, 10, before=3.0, after=2.0)]
    found = Adaptation.over(losses)
    assert (found.before, found.after) == (2.0, 2.0)
    assert found.inequality_before["gini"] == pytest.approx(0.25)
    assert set(found.inequality_after.values()) == {0.0}


def test_the_command_line(section_news, section_model, tmp_path, capsys):
    arguments = ["--from", str(section_model), "--corpus", str(section_news), *SMALL]
    out = tmp_path / "m"
    chosen = ["--objective", "taml-atkinson", "--epsilon", "0.5", "--first-order", "--keep", "last"]
    assert main([*arguments, *chosen, "--out", str(out)]) == 0
    card = read_card(out)
    assert card.objective == Objective("taml-atkinson", epsilon=0.5, first_order=True, n_tasks=2, shots=1, length=32)
    assert card.best_step == card.steps == 8
    assert card.spec.peak_lr == pytest.approx(read_card(section_model).spec.peak_lr / 10)
    assert load_model(out).spec == card.spec
    assert main([*arguments, "--objective", "maml", "--out", str(out)]) == 2
    assert "another corpus, tokenizer, shape, start or objective" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("find", "fields", "message"),
    [
        (find_training_tasks, {"n_tasks": 4, "shots": 1}, "3 sections have the 2 articles to train on that 1 shots"),
        (
            find_training_tasks,
            {"task_field": "source"},
            "no article of the corpus names its source; .* --tasks-by section",
        ),
        (find_measured_tasks, {"shots": 40}, "0 sections have 80 held-out articles, and two are needed"),
    ],
)
def test_a_corpus_that_will_not_do_is_told(packed, find, fields, message):
    documents = packed.train_documents if find is find_training_tasks else packed.held_out_documents
    with pytest.raises(TaskError, match=message):
        find(documents, objective=Objective("maml", **fields))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--task-tokens", "65"], "longer than the model's context of 64"),
        (["--inner-lr", "1e30"], "give a lower --inner-lr or --lr"),
    ],
)
def test_numbers_that_will_not_do_are_told(changes, message, section_news, section_model, tmp_path, capsys):
    arguments = [
        "--from",
        str(section_model),
        "--corpus",
        str(section_news),
        *SMALL,
        *changes,
        "--objective",
        "maml",
    ]
    assert main([*arguments, "--out", str(tmp_path / "m")]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "1m", "--objective", "maml"], "maml starts from a trained checkpoint; give its folder with --from"),
        ([], "give the --size to train, or --from a checkpoint"),
        (["--size", "1m", "--shots", "2"], "belong to an --objective"),
        (["--from", "/no/such"], "only checkpoints that Byline has trained"),
        (["--from", "BASE", "--size", "1m", "--context", "9"], "leave out --size, --context"),
        (["--from", "BASE", "--objective", "maml", "--recompute"], "neither compiled nor with --recompute"),
        (["--from", "BASE", "--objective", "taml-ge"], "taml-ge needs a number --alpha"),
    ],
)
def test_arguments_that_do_not_go_together(arguments, message, section_model, capsys):
    given = [str(section_model) if argument == "BASE" else argument for argument in arguments]
    with pytest.raises(SystemExit):
        main([*given, "--corpus", "x.jsonl", "--out", "y"])
    assert message in " ".join(capsys.readouterr().err.split())
