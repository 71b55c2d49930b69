"""Runs of machine detectors: claimed once, stored part by part, taken up again, in the bundle and back."""

import csv
import io
from datetime import timedelta

import pytest

from analysis.load import load_bundle as analyse
from studyapp.actions.bundle_loading import load_bundle
from studyapp.actions.detection import (
    DetectionRefusedError,
    claim_run,
    fail_run,
    finish_run,
    release_silent_runs,
    request_detection,
    resume_run,
    store_step,
)
from studyapp.actions.export import make_public
from studyapp.domain.bundle_rows import BundleFaultError
from studyapp.models import (
    Article,
    Candidate,
    DetectorRun,
    DetectorScore,
    Participant,
    Response,
    Stimulus,
    Study,
    Trial,
)
from tests.studyapp.bundle_rows import export, make_answered, read_files, write_files
from tests.studyapp.detector_rows import PARAMETERS, make_run, make_scores
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def ask(study):
    return request_detection(study, parameters=PARAMETERS, by=None, now=NOW)


def test_the_texts_of_a_draft_are_refused_and_so_is_a_second_run():
    with pytest.raises(DetectionRefusedError, match="launch the study first"):
        ask(make_draft())
    study = make_launched(slug="other", n_items=2)
    ask(study)
    with pytest.raises(DetectionRefusedError, match="at work already"):
        ask(study)


def test_a_run_is_one_workers_and_its_parts_are_stored_once():
    study = make_launched(n_items=2)
    run = ask(study)
    order = claim_run(run.pk, now=NOW)
    assert claim_run(run.pk, now=NOW) is None
    assert [stimulus.source for stimulus in order.stimuli] == ["human", *["model"] * 3] * 2
    titles = {stimulus.item.article.title for stimulus in order.stimuli}
    assert titles == {
        "Title of pilot-story 2",
        "Title of pilot-story 3",
    }
    for _ in range(2):
        assert store_step(order, key="one", scores=make_scores(order), notes=["a note"], now=NOW)
    assert DetectorScore.objects.count() == 8
    run.refresh_from_db()
    assert (run.steps_done, run.notes) == (["one"], ["a note"])


def test_a_silent_workers_run_goes_on_behind_its_parts_and_what_it_brings_is_dropped():
    run = ask(make_launched(n_items=2))
    dead = claim_run(run.pk, now=NOW)
    store_step(dead, key="one", scores=make_scores(dead), now=NOW)
    silent = {"silent_since": LATER - timedelta(minutes=2), "unheard_since": LATER - timedelta(minutes=20)}
    assert release_silent_runs(**silent, now=LATER) == [run.pk]
    assert release_silent_runs(**silent, now=LATER) == []
    order = claim_run(run.pk, now=LATER)
    assert order.steps_done == ("one",)
    assert not store_step(dead, key="two", scores=make_scores(dead, detector="lrr"), now=LATER)
    assert not finish_run(dead, now=LATER)
    fail_run(dead, error="late", now=LATER)
    assert store_step(order, key="two", scores=make_scores(order, detector="lrr"), now=LATER)
    assert finish_run(order, now=LATER)
    run.refresh_from_db()
    assert (run.state, run.error, run.scores.count()) == ("done", "", 16)


def test_a_run_whose_message_is_lost_is_sent_again():
    run = ask(make_launched(n_items=2))
    lost = {"silent_since": LATER, "unheard_since": NOW + timedelta(seconds=1)}
    assert release_silent_runs(**lost, now=LATER) == [run.pk]
    assert release_silent_runs(**lost, now=LATER) == []


def test_a_failed_run_goes_on_once_somebody_says_so():
    study = make_launched(n_items=2)
    run = ask(study)
    order = claim_run(run.pk, now=NOW)
    fail_run(order, error="ValueError: no such model", now=NOW)
    assert claim_run(run.pk, now=NOW) is None
    assert resume_run(study, run_id=run.pk, now=LATER).state == "queued"
    with pytest.raises(DetectionRefusedError):
        resume_run(study, run_id=run.pk, now=LATER)
    assert claim_run(run.pk, now=LATER) is not None
    assert resume_run(make_launched(slug="other", n_items=2), run_id=run.pk, now=LATER) is None


def read_scores(path):
    return list(csv.DictReader(io.StringIO(read_files(path)["detectors.csv"].decode(), newline="")))


def test_the_scores_are_in_the_bundle_and_come_back_from_it(tmp_path):
    study = make_answered(n_people=6)
    make_run(study)
    path = export(study, tmp_path / "made")
    rows = read_scores(path)
    assert len(rows) == 2 * 16
    assert rows[0] == {
        "stimulus": Stimulus.objects.get(item__position=0, arm=None).code, "detector": "log_likelihood",
        "scorer": "checkpoint:small", "given": "nothing", "machine_when": "high", "score": "", "tokens": "40",
    }  # fmt: skip
    assert analyse(path).detectors["score"].to_list()[:2] == [None, -1.251]
    public = read_scores(export(study, tmp_path / "public", kind=make_public(k=2)))
    assert [row["score"] for row in public] == [row["score"] for row in rows]
    assert not {row["stimulus"] for row in public} & {row["stimulus"] for row in rows}
    plain, files = path.read_bytes(), read_files(path)
    for model in (Response, Trial, Participant, DetectorRun, Stimulus, Candidate, Study, Article):
        model.objects.all().delete()
    wrong = write_files(
        tmp_path / "wrong.zip", {**files, "detectors.csv": files["detectors.csv"].replace(b",high,", b",up,", 1)}
    )
    with pytest.raises(BundleFaultError, match=r"detectors\.csv: row 2: machine_when is 'up'"):
        load_bundle(wrong, now=LATER)
    old = {name: content for name, content in files.items() if name != "detectors.csv"}
    assert not load_bundle(write_files(tmp_path / "old.zip", old), now=LATER, slug="old").detector_runs.exists()
    for model in (Response, Trial, Participant, Stimulus, Candidate, Study, Article):
        model.objects.all().delete()
    again = load_bundle(path, now=LATER)
    assert again.detector_runs.get().state == "done"
    assert export(again, tmp_path / "again", now=LATER).read_bytes() == plain
