"""The study's own questions: what can be declared, which page comes next, and what an answer may be."""

import random

import pytest

from studyapp.bundle.format import describe_columns
from studyapp.domain.questions import (
    PREFER_NOT,
    Question,
    find_answer_fault,
    find_page,
    read_question,
    split_pages,
)
from studyapp.domain.ready_made_questions import READY_MADE
from studyapp.domain.simulated_answers import draw_several
from studyapp.domain.study_design import DesignError, describe_design, parse_design
from studyapp.domain.study_sections import describe_section
from studyapp.domain.study_texts import list_missing_questions

STUDY = {"slug": "pilot", "title": "Pilot"}
PETS = {"name": "pets", "text": "Any pets?", "choices": ["Yes", "No"]}
WHICH = {"name": "which", "text": "Which?", "type": "short_text", "show_if": {"question": "pets", "is": ["Yes"]}}


def parse(*entries):
    return parse_design({"study": STUDY, "questions": list(entries)}).questions


def find_faults(*entries):
    with pytest.raises(DesignError) as refused:
        parse(*entries)
    return refused.value.faults


@pytest.mark.parametrize("name", READY_MADE)
def test_every_ready_made_question_can_be_taken_in_one_line(name):
    (question,) = parse({"use": name})
    assert (question.name, question.demographic, question.required, question.when) == (name, True, True, "after")


def test_what_an_entry_says_counts_before_the_ready_made_one():
    question = parse({"use": "age_band", "name": "age", "text": "Your age?", "required": False, "when": "before"})[0]
    assert (question.name, question.text, question.required, question.when) == ("age", "Your age?", False, "before")
    assert question.choices[0] == "18–24"


def test_a_choice_that_goes_with_no_other():
    seen = {"name": "seen", "text": "Which?", "type": "choices", "choices": ["A", "B", "None"], "alone": ["None"]}
    (question,) = parse(seen)
    assert [bool(find_answer_fault(question, said)) for said in (["A", "B"], ["None"], ["A", "None"])] == [0, 0, 1]
    assert "'Nothing' must be one of the choices" in find_faults({**seen, "alone": ["Nothing"]})[0]
    assert "only where several can be chosen" in find_faults({**PETS, "alone": ["No"]})[0]
    assert parse({"use": "news_sources"})[0].alone == ("None of these",)
    assert parse({"use": "news_sources", "choices": ["Radio", "Newspapers"]})[0].alone == ()
    assert draw_several(["1", "2"], alone=["2", "1"], rng=random.Random(1)) in (["1"], ["2"])
    drawn = [draw_several(["1", "2", "3", "4"], alone=["4"], rng=random.Random(n)) for n in range(40)]
    assert ["4"] in drawn and not any("4" in one and len(one) > 1 for one in drawn)


GERMAN = {"name": "pets", "text": "Haustiere?", "choices": ["Ja", "Nein"]}


def translate(*entries):
    texts = {"de": {"questions": list(entries)}}
    return parse_design({"study": STUDY, "texts": texts, "questions": [PETS, WHICH, {"use": "gender"}]})


def test_what_is_described_is_read_again():
    design = translate(GERMAN, {"name": "gender", "help": "?"})
    assert parse_design(describe_design(design)) == design
    assert tuple(read_question(describe_section(q)) for q in design.questions) == design.questions
    german = design.texts.languages["de"]
    assert list_missing_questions(german, questions=design.questions) == ["which"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"name": "pet"}, "[texts] de.questions.1.name: the study asks no question 'pet'; did you mean 'pets'?"),
        ({**GERMAN, "choices": ["Ja"]}, "[texts] de.questions.1.choices: must be 2 texts, in the order of"),
        ({**GERMAN, "txt": "?"}, "[texts] de.questions.1.txt: there is no such key; did you mean 'text'?"),
    ],
)
def test_a_translation_that_cannot_be_is_named(said, fault):
    with pytest.raises(DesignError) as refused:
        translate(said)
    assert refused.value.faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("change", "key", "reason"),
    [
        ({"name": "Pets"}, "name", "begin with a small letter"),
        ({"name": "arm"}, "name", "column that every bundle has"),
        ({"name": "judgment"}, "name", "column that every bundle has"),
        ({"text": " "}, "text", "must not be empty"),
        ({"type": "chioce"}, "type", "did you mean 'choice'?"),
        ({"when": "first"}, "when", "choose from before, after"),
        ({"choices": ["Yes"]}, "choices", "from 2 to 100"),
        ({"choices": ["Yes", "Yes"]}, "choices", "twice: Yes"),
        ({"choices": ["Yes", "a;b"]}, "choices", "without a ;"),
        ({"choices": ["Yes", PREFER_NOT]}, "choices", "demographic = true"),
        ({"type": "number"}, "choices", "has none"),
        ({"least": 1}, "least", "only a number or a scale"),
        ({"low_label": "bad"}, "low_label", "only a scale"),
        ({"type": "number", "choices": [], "least": 9, "most": 3}, "most", "more than least (9)"),
        ({"type": "scale", "choices": [], "most": 20}, "most", "11 points"),
        ({"show_if": {"question": "x"}}, "show_if", "write it as"),
        ({"show_if": {"question": "x", "is": "Yes"}}, "show_if.is", "list of answers"),
        ({"txt": "?"}, "txt", "did you mean 'text'?"),
    ],
)
def test_what_cannot_be_is_named_with_its_key(change, key, reason):
    (fault,) = find_faults({**PETS, **change})
    assert fault.startswith(f"[[questions]] 1 {key}: ")
    assert reason in fault


def test_a_ready_made_question_that_does_not_exist_is_told_with_what_was_meant():
    (fault,) = find_faults({"use": "age_bands"})
    assert fault == "[[questions]] 1 use: there is no ready-made question 'age_bands'; did you mean 'age_band'?"


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([PETS, PETS], "twice: pets"),
        ([WHICH, PETS], "no question 'pets' is asked before this one"),
        ([{**WHICH, "show_if": {"question": "pest", "is": ["Yes"]}}], "there is none"),
        ([PETS, {**WHICH, "when": "before"}], "no question 'pets' is asked before this one"),
        ([PETS, {**WHICH, "show_if": {"question": "pets", "is": ["Yess"]}}], "did you mean 'Yes'?"),
        ([PETS, {**WHICH, "show_if": {"question": "pets", "is": [PREFER_NOT]}}], "is no answer to 'pets'"),
        ([PETS, WHICH, {**WHICH, "name": "x", "show_if": {"question": "which", "is": ["a"]}}], "free words"),
        ([{"use": "llm_familiarity"}, {**WHICH, "show_if": {"question": "llm_familiarity", "is": [6]}}], "no answer"),
        ([{"use": "country"}, {**WHICH, "show_if": {"question": "country", "is": ["Germany"]}}], "no answer"),
    ],
)
def test_questions_that_do_not_fit_together(entries, reason):
    (fault,) = find_faults(*entries)
    assert reason in fault


def test_no_name_that_a_bundle_has_a_column_of_can_be_taken():
    for public in (False, True):
        tables = describe_columns(public=public)
        for column in (*tables["participants.csv"], *tables["trials.csv"], *tables["arms.csv"]):
            with pytest.raises(ValueError, match="every bundle has"):
                Question(**{**PETS, "name": column.name})


SEVERAL = {"name": "kinds", "text": "?", "type": "choices", "choices": ["Cat", "Dog", "Fish"]}


@pytest.mark.parametrize(
    ("entry", "value", "answers", "is_asked"),
    [
        (PETS, "Yes", {"pets": "Yes"}, True),
        (PETS, "Yes", {"pets": "No"}, False),
        (PETS, "Yes", {}, False),
        (SEVERAL, "Dog", {"kinds": ["Cat", "Dog"]}, True),
        (SEVERAL, "Dog", {"kinds": ["Cat"]}, False),
        (SEVERAL, "Dog", {"kinds": None}, False),
        ({"use": "llm_familiarity"}, 5, {"llm_familiarity": 5}, True),
        ({"use": "llm_familiarity"}, "5", {"llm_familiarity": 5}, True),
        ({"use": "llm_familiarity"}, 5, {"llm_familiarity": PREFER_NOT}, False),
        ({"use": "country"}, "DE", {"country": "DE"}, True),
        ({"use": "gender"}, PREFER_NOT, {"gender": PREFER_NOT}, True),
    ],
)
def test_a_condition_looks_at_what_was_answered(entry, value, answers, is_asked):
    name = entry.get("name") or entry["use"]
    asked = parse(entry, {**WHICH, "show_if": {"question": name, "is": [value]}})[1]
    assert asked.is_asked(answers) is is_asked


def names(page):
    return [question.name for question in page.questions]


def test_what_depends_on_an_answer_stands_on_a_later_page_in_the_declared_order():
    last = {**PETS, "name": "last"}
    first = {**PETS, "name": "begin", "when": "before"}
    questions = parse(
        PETS, WHICH, last, {**WHICH, "name": "more", "show_if": {"question": "begin", "is": ["No"]}}, first
    )
    assert [names(page) for page in split_pages(questions, when="after")] == [["pets"], ["which", "last", "more"]]
    assert [names(page) for page in split_pages(questions, when="before")] == [["begin"]]
    answers = {"begin": "Yes"}
    assert find_page(questions, answers, when="before") is None
    assert names(find_page(questions, answers, when="after")) == ["pets"]
    page = find_page(questions, {**answers, "pets": "No"}, when="after")
    assert (page.number, names(page)) == (2, ["last"])
    assert names(find_page(questions, {"begin": "No", "pets": "Yes"}, when="after")) == ["which", "last", "more"]
    assert find_page(questions, {**answers, "pets": "No", "last": None}, when="after") is None


@pytest.mark.parametrize(
    ("entry", "good", "bad"),
    [
        (PETS, ["Yes", None], ["Maybe", PREFER_NOT, 1, ["Yes"]]),
        (SEVERAL, [["Cat"], ["Cat", "Fish"]], [[], ["Fish", "Cat"], ["Cow"], "Cat", ["Cat", "Cat"]]),
        ({"name": "n", "text": "?", "type": "number", "least": 2, "most": 4}, [2, 4], [1, 5, "2", True, 2.0]),
        ({"use": "llm_familiarity"}, [1, 5, PREFER_NOT], [0, 6, "1"]),
        ({"name": "t", "text": "?", "type": "short_text"}, ["x", "x" * 200], ["x" * 401, 1]),
        ({"use": "country"}, ["DE", PREFER_NOT], ["de", "Germany"]),
        ({"use": "native_language"}, ["de", "yue", "other"], ["DE", "german"]),
    ],
)
def test_what_an_answer_may_be(entry, good, bad):
    (question,) = parse(entry)
    assert [value for value in good if find_answer_fault(question, value)] == []
    assert [value for value in bad if not find_answer_fault(question, value)] == []
