"""Answers to the study's own questions: in every bundle, coarser in the public one, loaded again, never with an id."""

import csv
import io
import json

import pytest

from studyapp.actions.bundle_loading import load_bundle
from studyapp.actions.export import make_public
from studyapp.actions.launch import close_study
from studyapp.actions.questions import answer_questions, find_next_page
from studyapp.actions.study import describe_study
from studyapp.domain.bundle_rows import BundleFaultError
from studyapp.domain.questions import PREFER_NOT
from studyapp.models import Article, QuestionAnswer, Study
from studyapp.study_file import parse_study_file, write_study_file
from tests.studyapp.bundle_rows import export, read_files, write_files
from tests.studyapp.study_rows import NOW, enrol, make_launched

pytestmark = pytest.mark.django_db
QUESTIONS = [
    {"use": "age_band"},
    {"use": "gender"},
    {"use": "news_sources", "required": False},
    {"name": "years", "text": "Years?", "type": "number", "demographic": True},
    {"name": "thoughts", "text": "Thoughts?", "type": "long_text", "required": False},
    {"name": "reason", "text": "Why?", "type": "short_text",
     "show_if": {"question": "gender", "is": ["Another gender"]}},
]  # fmt: skip
ONE = {
    "age_band": "18–24", "gender": "Woman", "news_sources": ["Television", "From other people"], "years": 3,
    "thoughts": "I am person-0, and person-1 sat beside me; =1+1",
}  # fmt: skip
OTHER = {"age_band": "25–34", "gender": "Another gender", "news_sources": None, "years": PREFER_NOT, "thoughts": None}


@pytest.fixture
def study():
    """Six who have answered: person-4 is asked for a reason and has not given it, and person-5 has answered nothing."""
    study = make_launched(n_items=2, questions=QUESTIONS)
    for number in range(6):
        person = enrol(study, f"person-{number}")
        if number < 5:
            given = OTHER if number == 4 else ONE
            assert answer_questions(person, given, when="after", page=1, now=NOW)
    return close_study(study, now=NOW) or study


def read_rows(path, name="participants.csv"):
    return list(csv.DictReader(io.StringIO(read_files(path)[name].decode(), newline="")))


def test_a_page_is_answered_once_and_only_when_it_is_the_next(study):
    person = study.participants.get(identity__external_id="person-4")
    assert find_next_page(person, when="before") is None
    assert [q.name for q in find_next_page(person, when="after").questions] == ["reason"]
    assert not answer_questions(person, ONE, when="after", page=1, now=NOW)
    assert not answer_questions(person, {"reason": "x"}, when="before", page=2, now=NOW)
    assert answer_questions(person, {"reason": "x"}, when="after", page=2, now=NOW)
    assert not answer_questions(person, {"reason": "y"}, when="after", page=2, now=NOW)
    assert list(person.question_answers.filter(question="reason").values_list("answer", flat=True)) == ["x"]


def test_they_are_the_last_columns_of_participants_without_anybodys_ids(study, tmp_path):
    path = export(study, tmp_path)
    rows = read_rows(path)
    names = [question.name for question in study.own_questions]
    assert list(rows[0])[-len(names) :] == names
    assert [rows[0][name] for name in names] == [
        "18–24", "Woman", "Television;From other people", "3",
        "I am [id removed], and [id removed] sat beside me; =1+1", "",
    ]  # fmt: skip
    assert [rows[4][name] for name in names] == ["25–34", "Another gender", "", "", "", ""]
    assert [rows[5][name] for name in names] == [""] * len(names)
    meanings = {row["column"]: row for row in read_rows(path, "codebook.csv") if row["file"] == "participants.csv"}
    assert list(meanings) == list(rows[0])
    assert meanings["news_sources"]["type"] == "list"
    records = [json.loads(row["question_answers"]) for row in read_rows(path, "enrolments.csv")]
    assert records[4]["years"] == {"answer": PREFER_NOT, "answered_at": "2026-05-04T12:00:00.000000Z"}
    assert records[5] == {}


def test_the_public_version_leaves_words_out_and_joins_what_would_tell(study, tmp_path):
    path = export(study, tmp_path, kind=make_public(k=2))
    rows = read_rows(path)
    assert {row["thoughts"] for row in rows} == {""}
    assert sorted(row["gender"] for row in rows) == ["", "", "Woman", "Woman", "Woman", "Woman"]
    assert {row["years"] for row in rows} == {"", "0-19"}  # one of six stands alone, so everybody's is read coarser
    privacy = json.loads(read_files(path)["privacy.json"])
    assert {"age_band", "gender", "news_sources", "years"} <= {e["column"] for e in privacy["quasi_identifiers"]}
    assert {"thoughts", "reason"} <= set(privacy["free_text_columns"])
    kept = read_rows(export(study, tmp_path / "read", kind=make_public(k=2, with_comments=True)))
    assert sum("[id removed]" in row["thoughts"] for row in kept) == 4


def empty_database():
    for participant in Study.objects.get().participants.all():
        participant.trials.all().delete()
        participant.delete()
    study = Study.objects.get()
    for item in study.items.all():
        item.stimuli.all().delete()
    study.delete()
    Article.objects.all().delete()


def test_a_bundle_with_questions_is_loaded_again_and_a_forged_answer_is_refused(study, tmp_path):
    path = export(study, tmp_path)
    files = read_files(path)
    stored = set(QuestionAnswer.objects.values_list("participant__code", "question", "answered_at"))
    empty_database()
    for before, after, said in [
        ('""Woman""', '""Womann""', "is no answer to 'gender'"),
        ('""gender""', '""sex""', "no question of the study"),
        ('""2026-05-04T12:00:00.000000Z""', '""then""', "answered_at must be a time"),
        ('""gender"": {""answer"": ""Woman"", ""answered_at"": ""2026-05-04T12:00:00.000000Z""}, ', "", "gender is"),
    ]:
        assert before in files["enrolments.csv"].decode()
        forged = files["enrolments.csv"].decode().replace(before, after, 1).encode()
        with pytest.raises(BundleFaultError, match=said):
            load_bundle(write_files(tmp_path / "forged.zip", {**files, "enrolments.csv": forged}), now=NOW)
    again = load_bundle(path, now=NOW)
    assert read_files(export(again, tmp_path / "again")) == files
    assert set(QuestionAnswer.objects.values_list("participant__code", "question", "answered_at")) == stored


def test_the_study_file_says_them_and_is_written_back(study):
    design = describe_study(study)
    assert [question.name for question in design.questions] == [question.name for question in study.own_questions]
    again = parse_study_file(write_study_file(design), name="again.toml", folder=None).resolve([])
    assert again.questions == design.questions
