"""The doorway of a training job, with a real tiny ladder: what it leaves on the shelf, and how a run may end early."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from generator.ladder import read_ladder
from generator.model_card import read_card
from studyapp.actions import training
from studyapp.model_files.checkpoints import list_checkpoints
from studyapp.model_files.shelf import FolderTakenError, hold_folder
from studyapp.models import TrainingJob
from studyapp.tasks.training import send_training, train_rung
from studyapp.tasks.upkeep import sweep_jobs
from studyapp.workers import trainer
from tests.services import Worker, database_environment, run_redis, wait_until
from tests.studyapp.ladder_rows import make_small_ladder
from tests.studyapp.study_rows import make_draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MODELS_DIR, settings.CORPORA_DIR = tmp_path / "models", tmp_path / "corpora"
    settings.TRAINING_DIR = tmp_path / "training"


@pytest.fixture
def sent(monkeypatch):
    ids = []
    monkeypatch.setattr(train_rung, "delay", ids.append)
    return ids


def train_all(sent, ladder):
    """Every job of a ladder, as a worker would take them."""
    sent.extend(training.list_next_jobs([ladder.pk]))
    while sent:
        train_rung(sent.pop(0))


def test_a_ladder_is_trained_job_by_job_and_its_models_lie_on_the_shelf(sent, settings):
    ladder = make_small_ladder(names=("small", "large"), tokens=3000)
    first, second = ladder.jobs.order_by("position")
    train_rung(second.pk)  # delivered out of turn
    assert not ladder.folder.exists()
    train_rung(first.pk)
    assert sent == [second.pk]
    train_rung(first.pk)  # delivered twice
    train_rung(second.pk)
    assert set(ladder.jobs.values_list("state", flat=True)) == {"done"}, list(ladder.jobs.values_list("error"))
    assert [c.generator for c in list_checkpoints(settings.MODELS_DIR)] == [
        "checkpoint:mine/large",
        "checkpoint:mine/small",
    ]
    first.refresh_from_db()
    card = read_card(ladder.folder / "small")
    assert (first.held_out_loss, first.n_params, first.tokens) == (card.held_out_loss, card.n_params, card.tokens_seen)
    assert first.step == first.n_steps == len(first.curve["train"]) == 12
    assert first.curve["held_out"][-1][1] == pytest.approx(card.held_out_loss, abs=1)
    assert first.tokens_per_second > 0
    assert len((ladder.folder / "ladder.csv").read_text().splitlines()) == 3
    assert read_ladder(ladder.folder / "ladder.toml").rungs[0].name == "small"


def test_what_a_study_shows_is_not_trained_on(sent):
    study = make_draft(n_items=3)
    ladder = make_small_ladder(names=("small",), studies=(study.pk,))
    leaked = ladder.exclude_paths[0].read_text()
    with ladder.corpus_paths[0].open("a") as corpus:
        corpus.write(leaked)
    train_all(sent, ladder)
    refs = {json.loads(line)["id"] for line in leaked.splitlines()}
    assert set(read_card(ladder.folder / "small").excluded_articles) == refs


def test_a_corpus_that_is_gone_is_named_on_every_row(sent):
    ladder = make_small_ladder()
    ladder.corpus_paths[0].unlink()
    train_all(sent, ladder)
    for job in ladder.jobs.all():
        assert job.state == "failed" and "news.jsonl" in job.error


def test_a_lost_claim_ends_the_run_and_its_folder_keeps_what_it_saved(sent, settings, monkeypatch):
    monkeypatch.setattr(trainer, "PULSE_SECONDS", 0.02)
    settings.TRAINING_STATE_SECONDS = 0.0
    ladder = make_small_ladder(names=("small", "large"), tokens=400_000)
    job = ladder.jobs.get(name="small")
    told = training.record_heartbeat

    def stop_at_first_news(order, news, **options):
        is_own = told(order, news, **options)
        if news is not None and news.step >= 3 and is_own:
            training.stop_ladder(ladder)
        return is_own

    monkeypatch.setattr(trainer, "record_heartbeat", stop_at_first_news)
    train_rung(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error, sent) == ("stopped", "", [])
    assert 3 <= job.step < job.n_steps / 2
    assert (ladder.folder / "small/training/state.safetensors").exists()
    assert not (ladder.folder / "small/byline.json").exists()


def test_a_run_keeps_its_claim_while_a_corpus_is_packed(sent, monkeypatch):
    """No step is taken for longer than a sweep waits."""
    monkeypatch.setattr(trainer, "PULSE_SECONDS", 0.02)
    import generator.train as train

    def pack_slowly(*arguments, **options):
        begun = timezone.now()
        time.sleep(0.5)
        training.release_silent_jobs(silent_since=begun, now=timezone.now() + timedelta(minutes=1))
        return prepare(*arguments, **options)

    prepare = train.prepare_corpus
    monkeypatch.setattr(train, "prepare_corpus", pack_slowly)
    ladder = make_small_ladder(names=("small",))
    train_all(sent, ladder)
    assert (ladder.jobs.get().state, ladder.jobs.get().attempts) == ("done", 1)


def test_a_folder_that_another_worker_still_holds_is_left_to_it(sent):
    ladder = make_small_ladder(names=("small",))
    job = ladder.jobs.get()
    with hold_folder(ladder.folder):
        train_rung(job.pk)
        with pytest.raises(FolderTakenError), hold_folder(ladder.folder):
            pass
    job.refresh_from_db()
    assert (job.state, job.attempts, sent) == ("queued", 0, [])
    train_rung(job.pk)
    job.refresh_from_db()
    assert job.state == "done"


def test_the_sweep_sends_the_next_job_of_each_ladder_when_the_broker_holds_none(sent, monkeypatch):
    one, other = make_small_ladder("one"), make_small_ladder("other")
    waiting = {"training": 0, "generation": 0}
    monkeypatch.setattr("studyapp.tasks.upkeep.count_messages", lambda queue: waiting[queue])
    sweep_jobs()
    firsts = [ladder.jobs.get(name="small").pk for ladder in (one, other)]
    assert sent == firsts
    training.claim_job(firsts[0], now=timezone.now())
    sweep_jobs()
    assert sent == [*firsts, firsts[1]]
    waiting["training"] = 1
    sweep_jobs()
    assert len(sent) == 3


def test_a_killed_workers_run_is_taken_up_where_it_was(settings, sent, monkeypatch):
    """SIGKILL in mid-run; the sweep gives the job back, a second worker ends it, and nothing tells of the break."""
    whole = make_small_ladder("whole", names=("small",), tokens=120_000)
    train_all(sent, whole)
    broken = make_small_ladder("broken", names=("small",), tokens=120_000)
    job = broken.jobs.get()
    script = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from pathlib import Path\n"
        f"settings.MODELS_DIR, settings.CORPORA_DIR = Path({str(settings.MODELS_DIR)!r}), "
        f"Path({str(settings.CORPORA_DIR)!r})\n"
        "settings.TRAINING_STATE_SECONDS = 0.1\n"
        "from studyapp.workers import trainer\n"
        "from studyapp.tasks.training import train_rung\n"
        "trainer.PULSE_SECONDS = 0.05\n"
        f"train_rung({job.pk})\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", script], env=worker_environment())
    state = broken.folder / "small/training/state.safetensors"
    wait_until(lambda: state.exists() and worker.poll() is None, seconds=60, what="the state is saved")
    time.sleep(0.1)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    job.refresh_from_db()
    assert (job.state, worker.returncode) == ("running", -signal.SIGKILL)
    assert 0 < job.step < job.n_steps
    monkeypatch.setattr("studyapp.tasks.upkeep.count_messages", lambda queue: 0)
    sweep_jobs()
    assert sent == []  # its last heartbeat is too fresh
    settings.HEARTBEAT_TIMEOUT_SECONDS = 0
    sweep_jobs()
    assert sent == [job.pk]
    seen = []
    told = trainer.record_heartbeat
    monkeypatch.setattr(trainer, "PULSE_SECONDS", 0.0)
    monkeypatch.setattr(trainer, "record_heartbeat", lambda o, n, **k: seen.append(n) or told(o, n, **k))
    train_rung(sent.pop())
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("done", 2)
    reported = [news.step for news in seen if news is not None]
    assert reported[0] > 1, "it began again instead of going on"
    assert job.held_out_loss == whole.jobs.get().held_out_loss
    assert job.curve["held_out"] == whole.jobs.get().curve["held_out"]
    assert same_weights(whole, broken)
    assert read_card(broken.folder / "small").settings_sha256 == read_card(whole.folder / "small").settings_sha256


def test_the_queues_own_worker_trains_a_ladder_from_its_first_message_to_its_last_model(settings, tmp_path):
    home = settings.HOME  # the worker has its folders from there
    settings.MODELS_DIR, settings.CORPORA_DIR = home / "models", home / "corpora"
    settings.TRAINING_DIR = home / "training"
    ladder = make_small_ladder("by-the-queue", names=("small", "large"))
    with run_redis(), (tmp_path / "worker.log").open("wb") as log:
        worker = Worker(log=log)
        try:
            send_training(training.list_next_jobs([ladder.pk]))
            jobs = TrainingJob.objects.filter(ladder=ladder)
            wait_until(
                lambda: set(jobs.values_list("state", flat=True)) <= {"done", "failed"}, seconds=240, what="both end"
            )
        finally:
            worker.stop()
    shutil.rmtree(ladder.folder)  # other tests look at this shelf too
    assert set(jobs.values_list("state", flat=True)) == {"done"}, (tmp_path / "worker.log").read_text()


def worker_environment():
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **database_environment()}


def same_weights(one, other):
    first, second = (ladder.folder / "small/model.safetensors" for ladder in (one, other))
    return first.read_bytes() == second.read_bytes()
