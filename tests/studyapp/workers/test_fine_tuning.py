"""The doorway of a job that fine-tunes, with a real tiny model: what it leaves on the shelf, and what it keeps out."""

import json
import shutil
from dataclasses import replace

import pytest

from generator.ladder import read_ladder, train_ladder
from generator.progress import SilentBoard
from generator.writer import open_writer
from studyapp.actions import training
from studyapp.domain.tuning_costs import read_costs
from studyapp.model_files.checkpoints import list_checkpoints, read_tuning
from studyapp.model_files.offered_models import list_tunable_models
from studyapp.tasks.training import train_rung
from studyapp.workers import fine_tuning, trainer
from tests.generator.conftest import make_articles, write_jsonl
from tests.studyapp.ladder_rows import make_small_tuning, write_ladder_text
from tests.studyapp.study_rows import make_draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folders(settings, tmp_path, monkeypatch):
    settings.MODELS_DIR, settings.CORPORA_DIR = tmp_path / "models", tmp_path / "corpora"
    settings.TRAINING_DIR, settings.HUGGING_FACE_CACHE = tmp_path / "training", tmp_path / "cache"
    monkeypatch.setattr(train_rung, "delay", lambda job_id: None)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with one tiny model."""
    root = tmp_path_factory.mktemp("trained")
    (root / "ladder.toml").write_text(write_ladder_text(("small",), tokens=600))
    ladder = replace(read_ladder(root / "ladder.toml"), corpus=(write_jsonl(root / "news.jsonl", make_articles(40)),))
    train_ladder(ladder, exclude=(), out=root / "old", board=SilentBoard())
    return root / "old"


@pytest.fixture
def base(trained, settings):
    shutil.copytree(trained, settings.MODELS_DIR / "old")
    return "checkpoint:old/small"


def run(ladder):
    job = ladder.jobs.get()
    train_rung(job.pk)
    job.refresh_from_db()
    return job


def test_an_adapter_and_its_costs_lie_on_the_shelf_and_a_studys_articles_were_kept_out(base, settings):
    study = make_draft(n_items=3)
    ladder = make_small_tuning(bases=(base,), studies=(study.pk,), sections=("Sport",))
    leaked = [json.loads(line) for line in ladder.exclude_paths[0].read_text().splitlines()]
    with ladder.corpus_paths[0].open("a") as corpus:
        corpus.writelines(json.dumps({**row, "section": "Sport"}) + "\n" for row in leaked)
    job = run(ladder)
    assert (job.state, job.error) == ("done", "")
    assert job.step == job.n_steps > 3 and job.budget == 1500 and len(job.curve["train"]) == job.n_steps
    costs = read_costs(read_tuning(job.generator))
    assert (costs.started_from, costs.method) == ("small", "lora")
    assert [loss.name for loss in costs.losses] == ["held out", "other sections"]
    assert costs.losses[0].after < costs.losses[0].before
    found = {one.generator: one.is_adapter for one in list_checkpoints(settings.MODELS_DIR)}
    assert found == {base: False, job.generator: True}
    assert [one.generator for one in list_tunable_models()] == [base]
    words = " ".join(leaked[0]["body"].split()).split()
    seen = open_writer(ladder.folder / "small", device="cpu").checkpoint.training
    assert seen.measure([word.casefold() for word in words])[1] < 0.5, "its articles are not in the index of training"


def test_what_cannot_be_tuned_is_named_and_can_begin_again(base):
    job = run(ladder := make_small_tuning(bases=(base,), sections=("Weather",)))
    assert job.state == "failed" and "the corpus has Sport, Town" in job.error
    assert training.resume_ladder(ladder) == 1
    assert run(make_small_tuning("gone", bases=("checkpoint:none/there",))).error.startswith("FileNotFoundError")


def test_a_stop_while_it_is_measured_ends_the_run_and_nothing_is_on_the_shelf(base, monkeypatch, settings):
    ladder = make_small_tuning(bases=(base,), method="full", tokens=300)
    monkeypatch.setattr(trainer, "PULSE_SECONDS", 0.01)
    show = fine_tuning.PulseBoard.show

    def stop_when_measured(board, description, **said):
        if "comes back" in description:
            training.stop_ladder(ladder)
            board._pulse._beat()
        show(board, description, **said)

    monkeypatch.setattr(fine_tuning.PulseBoard, "show", stop_when_measured)
    assert run(ladder).state == "stopped"
    assert [one.generator for one in list_checkpoints(settings.MODELS_DIR)] == [base]
