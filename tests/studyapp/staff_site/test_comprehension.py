"""The staff pages of the questions about the instructions: written, moved and removed, with their translations."""

import pytest

from studyapp.actions.study import describe_study
from studyapp.domain.study_design import describe_design
from studyapp.models import AuditEntry, Study
from tests.studyapp.staff_site.staff_pages import page, read, read_form
from tests.studyapp.study_rows import make_draft, make_launched

pytestmark = pytest.mark.django_db
FIRST = {"question": "What do you judge?", "choices": ["The writer", "The style"], "answer": "The writer"}
SECOND = {"question": "May you look it up?", "choices": ["Yes", "No", "Sometimes"], "answer": "No"}
ADDRESS = page("study_comprehension", "pilot")


def get_questions():
    return describe_design(describe_study(Study.objects.get()))["comprehension"]


def test_a_question_is_written_and_what_is_there_comes_back_unchanged(admin_client):
    make_draft(comprehension=[FIRST])
    assert ADDRESS in read(admin_client.get(page("study_texts", "pilot")))
    own = page("study_comprehension_question", "pilot", 1)
    form = read_form(admin_client.get(own))
    assert (form["question"], form["choices"].splitlines(), form["answer"]) == (*list(FIRST.values())[:2], 1)
    assert "Nothing was different" in read(admin_client.post(own, form, follow=True))
    new = {"question": SECOND["question"], "choices": "Yes\nNo\n\nSometimes", "answer": "2"}
    admin_client.post(page("study_comprehension_new", "pilot"), new)
    assert get_questions() == [FIRST, SECOND]
    assert "comprehension" in AuditEntry.objects.get(act="changed_design").detail["keys"]
    admin_client.post(own, {**form, "answer": "2"})
    assert get_questions()[0]["answer"] == "The style"
    assert admin_client.get(page("study_comprehension_question", "pilot", 3)).status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"question": " "}, "question", "must not be empty"),
        ({"choices": "Yes"}, "choices", "at least two texts"),
        ({"choices": "Yes\nYes"}, "choices", "twice: Yes"),
        ({"answer": "3"}, "answer", "There are 2 choices"),
    ],
)
def test_what_cannot_be_asked_is_told_at_its_field(admin_client, change, field, said):
    make_draft(comprehension=[FIRST])
    form = {"question": "Which?", "choices": "Yes\nNo", "answer": "1", **change}
    answer = admin_client.post(page("study_comprehension_new", "pilot"), form)
    assert said in str(answer.context["form"].errors.get(field)), answer.context["form"].errors
    assert get_questions() == [FIRST]


def test_questions_are_moved_and_removed_and_their_translations_with_them(admin_client):
    german = {"comprehension": [
        {"question": "Was?", "choices": ["Wer", "Wie"]}, {"question": "Darf man?", "choices": ["Ja", "Nein", "Mal"]}
    ]}  # fmt: skip
    make_draft(comprehension=[FIRST, SECOND], texts={"de": german})

    def act(do, number):
        return read(admin_client.post(ADDRESS, {"do": do, "question": number}, follow=True))

    act("up", 2)
    assert get_questions() == [SECOND, FIRST]
    new = {"question": "Third?", "choices": "a\nb", "answer": "1"}
    admin_client.post(page("study_comprehension_new", "pilot"), new)
    act("down", 2)
    said = describe_study(Study.objects.get()).texts.languages["de"].comprehension
    assert [asked.question for asked in said] == ["Darf man?", "", "Was?"]
    act("remove", 1)
    assert [asked["question"] for asked in get_questions()] == ["Third?", FIRST["question"]]
    study = Study.objects.get()
    study.read_in("de")
    assert [asked.question for asked in study.texts.comprehension] == ["Third?", "Was?"]
    assert "does not exist" in act("remove", 9) and "does not exist" in act("burn", 1)
    act("remove", 1)
    act("remove", 1)
    assert get_questions() == []


def test_a_rule_that_needs_them_keeps_the_last_one(admin_client):
    make_draft(comprehension=[FIRST], checks={"exclusion_rules": ["comprehension"]})
    answer = admin_client.post(ADDRESS, {"do": "remove", "question": 1}, follow=True)
    assert "needs questions" in read(answer) and get_questions() == [FIRST]


def test_a_launched_study_shows_them_and_changes_none(admin_client):
    make_launched(n_items=4, comprehension=[FIRST])
    assert "Write a question" not in read(admin_client.get(ADDRESS))
    own = page("study_comprehension_question", "pilot", 1)
    assert "disabled" in read(admin_client.get(own))
    admin_client.post(ADDRESS, {"do": "remove", "question": 1})
    admin_client.post(own, {"question": "Other?", "choices": "a\nb", "answer": "1"})
    assert get_questions() == [FIRST]
