"""The detectors in a worker, with real models: every text scored, faults named on the row, nothing done twice."""

import pytest

from studyapp.actions.detection import request_detection
from studyapp.models import DetectorRun
from studyapp.tasks.detection import detect_texts
from studyapp.workers import detecting
from studyapp.workers.stopping import WorkerStoppingError
from tests.generator.foreign_models import make_foreign, put_into_cache
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db
PLAN = {
    "models": ["huggingface:lab/small"], "observer": "huggingface:lab/large", "given": ["nothing", "title"],
    "equal_length": True, "style": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def cache(settings, tmp_path):
    settings.HUGGING_FACE_CACHE = tmp_path / "cache"
    for name, family in (("small", "gpt2"), ("large", "pythia")):
        put_into_cache(settings.HUGGING_FACE_CACHE, f"lab/{name}", make_foreign(tmp_path / name, family))


def ask(study, **changes):
    return request_detection(study, parameters={**PLAN, **changes}, by=None, now=NOW)


def test_every_text_is_scored_in_parts_that_a_worker_goes_on_behind(monkeypatch):
    study = make_launched(n_items=4)
    run = ask(study)
    resent, parts = [], []
    monkeypatch.setattr(detect_texts, "delay", resent.append)
    store = detecting.detection.store_step

    def store_and_stop(order, *, key, **rest):
        parts.append(key)
        stored = store(order, key=key, **rest)
        if len(parts) == 1:
            monkeypatch.setattr(
                detecting, "give_back_when_stopping", lambda: (_ for _ in ()).throw(WorkerStoppingError)
            )
        return stored

    monkeypatch.setattr(detecting.detection, "store_step", store_and_stop)
    detect_texts(run.pk)
    run.refresh_from_db()
    assert (run.state, resent, len(run.steps_done)) == ("queued", [run.pk], 1)
    monkeypatch.setattr(detecting, "give_back_when_stopping", lambda: None)
    detect_texts(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error, run.notes) == ("done", "", [])
    assert parts == [f"{given} huggingface:lab/small + huggingface:lab/large" for given in PLAN["given"]] + ["style"]
    assert run.scores.count() == 16 * (2 * (9 + 8) + 1)
    assert not run.scores.filter(score=None).exists()
    assert run.scores.filter(detector="binoculars").values("scorer").distinct().get()["scorer"] == PLAN["models"][0]
    detect_texts(run.pk)  # a second delivery
    assert run.scores.count() == 16 * (2 * (9 + 8) + 1)


def test_what_cannot_be_worked_out_is_said_on_the_row(monkeypatch):
    study = make_launched(n_items=2)
    missing = ask(study, models=["checkpoint:nowhere"], observer="")
    detect_texts(missing.pk)
    missing.refresh_from_db()
    assert missing.state == "failed"
    assert "no checkpoint at 'checkpoint:nowhere'" in missing.error
    remote = ask(study, models=["openai:gpt"], observer="")
    detect_texts(remote.pk)
    assert "a detector needs the model itself" in DetectorRun.objects.get(pk=remote.pk).error
    few = ask(study, models=[], observer="")
    detect_texts(few.pk)
    few.refresh_from_db()
    assert (few.state, few.scores.count()) == ("done", 0)
    assert few.notes == ["no classifier of style: a classifier needs the texts of at least 4 titles, and there are 2"]
