"""The one thing that the study and the analysis share: the bundle."""

import json
import random
import zipfile
from datetime import timedelta

import polars as pl
import pytest

from analysis.load import load_bundle
from analysis.schema import ENROLMENTS, SCHEMA_VERSION, TABLES
from studyapp.actions import participation
from studyapp.actions.blindness import unblind
from studyapp.actions.deviation import deviate
from studyapp.actions.export import export_study
from studyapp.actions.participation import EndAnswers
from studyapp.actions.responses import Answer, AnswerOutcome, answer_trial, reveal_stage, show_trial
from studyapp.bundle.format import RECORDS_CODEBOOK
from studyapp.domain import codebook
from studyapp.domain.judgment import Judgment
from studyapp.domain.normalisation import VERSION
from studyapp.models import Stimulus
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_launched, make_staged


def test_both_sides_know_the_same_format():
    assert codebook.SCHEMA_VERSION == SCHEMA_VERSION
    assert {table.name: [column.name for column in table.columns] for table in TABLES} == codebook.COLUMNS
    records = {(file, column): kind for file, column, kind, *_ in RECORDS_CODEBOOK}
    assert all(records[ENROLMENTS.name, column.name] == column.kind for column in ENROLMENTS.columns)


def test_every_value_that_one_side_names_the_other_takes():
    for table in TABLES:
        if table.name == "codebook.csv":
            continue
        written = {
            column: (kind, values) for file, column, kind, _, values, _ in codebook.CODEBOOK if file == table.name
        }
        for column in table.columns:
            kind, values = written[column.name]
            assert kind == column.kind, (table.name, column.name)
            if column.values:
                assert values.split(";") == list(column.values), (table.name, column.name)


@pytest.fixture
def bundle_path(db, tmp_path):
    study = make_launched(n_items=4)
    rng = random.Random(5)
    for number in range(6):
        arrival = Arrival(f"person-{number}", f"visit-person-{number}", captured={"wave": f"wave-of-person-{number}"})
        person = participation.enrol(study, platform="prolific", arrival=arrival, rng=rng, now=NOW)
        for position, trial in enumerate(person.trials.order_by("position")):
            if number == 5 and position == 2:
                break  # one who stops half-way
            show_trial(trial, now=NOW)
            trial.refresh_from_db()
            answer_trial(
                trial,
                Answer(Judgment(1 + position), True, 'a "quoted"\nline; é', '{"active": 0, "losses": 2}'),
                now=NOW,
            )
        else:
            participation.complete(person, EndAnswers(looked_up=False, internet_check_answer=""), now=NOW)
    deviate(study, {"recruitment.reward": "USD 14"}, reason="it took longer than the pilot")
    unblind(study, reason="a participant was harmed")
    return tmp_path / export_study(study, folder=tmp_path, now=NOW).file_name


def test_what_the_study_exports_the_analysis_reads(bundle_path):
    bundle = load_bundle(bundle_path)
    assert bundle.participants["status"].to_list().count("completed") == 5
    assert bundle.trials["judgment"].drop_nulls().len() == 5 * 4 + 2
    assert bundle.trials["comment"].drop_nulls().unique().to_list() == ['a "quoted"\nline; é']
    assert bundle.participants["block"].to_list() == [1] * 6
    assert bundle.arms.filter(pl.col("is_control"))["arm"].to_list() == ["control"]
    assert bundle.manifest["simulated"] is False
    texts = dict(bundle.stimuli.select("stimulus", "text").iter_rows())
    assert texts == dict(Stimulus.objects.values_list("code", "text"))
    assert bundle.stimuli["normalisation_version"].unique().to_list() == [VERSION]


def enrol_and_answer(study, *, judgment=4):
    person = participation.enrol(
        study, platform="prolific", arrival=Arrival(external_id="person"), rng=random.Random(5), now=NOW
    )
    for trial in person.trials.order_by("position"):
        show_trial(trial, now=NOW)
        for stage in (2, 3):
            reveal_stage(trial, wanted=stage, now=NOW + timedelta(seconds=stage))
        assert answer_trial(trial, Answer(Judgment(judgment), None, ""), now=NOW) is AnswerOutcome.STORED
    return person


def test_a_pair_is_one_row_of_the_models_text_that_says_what_stood_beside_and_whose_was_first(db, tmp_path):
    study = make_launched(n_items=4, checks={"presentation": "paired"})
    person = enrol_and_answer(study)
    unblind(study, reason="to see")
    bundle = load_bundle(tmp_path / export_study(study, folder=tmp_path, now=NOW).file_name)
    assert bundle.is_paired
    assert bundle.manifest["presentation"] == "paired"
    trials = person.trials.order_by("position").select_related("stimulus", "beside")
    assert bundle.trials.select("stimulus", "beside", "first", "source", "judgment").rows() == [
        (trial.stimulus.code, trial.beside.code, trial.first, "model", 4) for trial in trials
    ]
    human = bundle.stimuli.filter(pl.col("arm").is_null())["stimulus"].to_list()
    assert set(bundle.trials["beside"]) <= set(human)


def test_stages_and_the_tries_at_the_questions_are_in_the_bundle(db, tmp_path):
    questions = [{"question": "?", "choices": ["a", "b"], "answer": "b"}]
    study = make_staged(seconds=1)
    study.comprehension = questions
    study.save()
    person = enrol_and_answer(study)
    unblind(study, reason="to see")
    bundle = load_bundle(tmp_path / export_study(study, folder=tmp_path, now=NOW).file_name)
    assert not bundle.is_paired
    assert set(bundle.trials["stages_shown_at"]) == {"2026-05-04T12:00:02.000000Z;2026-05-04T12:00:03.000000Z"}
    assert bundle.participants.select("comprehension_passed", "comprehension_tries").rows() == [(None, 0)]
    participation.answer_comprehension(person, [0], number=0, now=NOW)
    participation.answer_comprehension(person, [0], number=1, now=NOW)
    bundle = load_bundle(tmp_path / export_study(study, folder=tmp_path, now=NOW).file_name)
    assert bundle.participants.select("comprehension_passed", "comprehension_tries").rows() == [(False, 2)]


def test_a_single_text_and_no_question_leave_the_added_columns_empty(bundle_path):
    bundle = load_bundle(bundle_path)
    assert bundle.manifest["presentation"] == "single"
    for column in ("beside", "first", "stages_shown_at"):
        assert bundle.trials[column].is_null().all()
    for column in ("comprehension_passed", "comprehension_tries"):
        assert bundle.participants[column].is_null().all()


def test_no_platform_id_leaves_the_server(bundle_path):
    with zipfile.ZipFile(bundle_path) as archive:
        assert not [name for name in archive.namelist() if b"person-" in archive.read(name)]


def test_the_bundle_holds_the_frozen_design_and_its_hash(bundle_path):
    with zipfile.ZipFile(bundle_path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["design"]["study"]["slug"] == "pilot"
    assert len(manifest["design_sha256"]) == 64
    assert set(manifest) == {
        "schema_version", "study", "title", "preset", "presentation", "exported_at", "launched_at", "closed_at",
        "software_version", "simulated", "stand_in_articles", "public", "for_spreadsheets", "files", "design",
        "design_sha256", "deviations", "unblindings",
    }  # fmt: skip


def test_the_bundle_tells_of_changes_after_launch_and_not_who_made_them(bundle_path):
    manifest = load_bundle(bundle_path).manifest
    (change,) = manifest["deviations"]
    assert change.pop("at").endswith("Z")
    assert change == {
        "key": "recruitment.reward", "before": "", "after": "USD 14", "reason": "it took longer than the pilot",
    }  # fmt: skip
    assert [entry["reason"] for entry in manifest["unblindings"]] == ["a participant was harmed"]
    assert set(manifest["unblindings"][0]) == {"at", "reason"}
    assert manifest["design"]["recruitment"]["reward"] == ""


def test_the_same_study_at_the_same_moment_makes_the_same_bytes(bundle_path, tmp_path):
    from studyapp.models import Study

    again = export_study(Study.objects.get(), folder=tmp_path / "again", now=NOW)
    assert (tmp_path / "again" / again.file_name).read_bytes() == bundle_path.read_bytes()
