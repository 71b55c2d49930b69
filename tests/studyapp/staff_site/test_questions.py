"""The staff pages of a study's own questions: taken, written, moved, changed, removed, and what cannot be is told."""

import pytest

from studyapp.actions.study import describe_study
from studyapp.models import Study
from tests.studyapp.staff_site.staff_pages import page, read, read_form
from tests.studyapp.study_rows import make_draft, make_launched

pytestmark = pytest.mark.django_db
PETS = {"name": "pets", "text": "Any pets?", "choices": ["Yes", "No"], "when": "after"}
WHICH = {"name": "which", "text": "Which?", "type": "short_text", "show_if": {"question": "pets", "is": ["Yes"]}}


def get_questions():
    return describe_study(Study.objects.get()).questions


def list_names():
    return [question.name for question in get_questions()]


def test_questions_are_taken_moved_and_removed(admin_client):
    make_draft()
    address = page("study_questions", "pilot")
    assert address in read(admin_client.get(page("study_texts", "pilot")))
    taken = {"do": "take", "ready_made": ["gender", "age_band"], "when": "before"}
    admin_client.post(address, taken)
    admin_client.post(address, {"do": "take", "ready_made": ["country"], "when": "after"})
    assert list_names() == ["age_band", "gender", "country"]
    assert [question.when for question in get_questions()] == ["before", "before", "after"]
    admin_client.post(address, {"do": "up", "question": "gender"})
    assert list_names() == ["gender", "age_band", "country"]
    admin_client.post(address, {"do": "remove", "question": "age_band"})
    assert list_names() == ["gender", "country"]
    shown = read(admin_client.get(address))
    assert 'value="age_band"' in shown and 'value="gender"> ' not in shown and "In which country do you live?" in shown
    assert "tick a ready-made question" in read(admin_client.post(address, {"do": "take"}, follow=True))
    assert "does not exist" in read(admin_client.post(address, {"do": "up", "question": "nonsense"}, follow=True))


def test_a_question_is_written_with_its_condition_and_changed(admin_client):
    make_draft(questions=[PETS])
    form = read_form(admin_client.get(page("study_question_new", "pilot")))
    assert (form["when"], form["required"]) == ("after", "on")
    said = {
        "name": "which", "text": "Which ones?", "type": "choices", "choices": "Cat\r\nDog\r\n", "required": "",
        "show_if-question": "pets", "show_if-is": "Yes",
    }  # fmt: skip
    del form["required"]
    admin_client.post(page("study_question_new", "pilot"), {**form, **said})
    which = get_questions()[1]
    assert (which.type, which.choices, which.required) == ("choices", ("Cat", "Dog"), False)
    assert which.show_if == {"question": "pets", "is": ["Yes"]}
    address = page("study_question", "pilot", "which")
    form = read_form(admin_client.get(address))
    assert "Nothing was different" in read(admin_client.post(address, form, follow=True))
    admin_client.post(address, {**form, "name": "pet_kinds", "show_if-question": "", "show_if-is": ""})
    assert get_questions()[1].name == "pet_kinds" and get_questions()[1].show_if == {}
    assert admin_client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"name": "arm"}, "name", "column that every bundle has"),
        ({"name": "pets"}, "name", "twice: pets"),
        ({"choices": "one"}, "choices", "from 2 to 100"),
        ({"show_if-question": "pets", "show_if-is": "Maybe"}, "show_if-question", "is no answer to"),
        ({"show_if-question": "pets", "show_if-is": ""}, "show_if-is", "list of answers"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(admin_client, change, field, said):
    make_draft(questions=[PETS])
    address = page("study_question_new", "pilot")
    form = {**read_form(admin_client.get(address)), "name": "x", "text": "?", "choices": "a\nb"}
    answer = admin_client.post(address, {**form, **change})
    assert said in str(answer.context["form"].errors.get(field)), answer.context["form"].errors
    assert list_names() == ["pets"]


def test_a_question_that_another_depends_on_is_not_removed(admin_client):
    make_draft(questions=[PETS, WHICH])
    shown = read(admin_client.post(page("study_questions", "pilot"), {"do": "remove", "question": "pets"}, follow=True))
    assert "is asked before this one" in shown
    assert list_names() == ["pets", "which"]


def test_a_launched_study_shows_them_and_changes_none(admin_client):
    make_launched(n_items=2, questions=[PETS])
    assert "Write a question" not in read(admin_client.get(page("study_questions", "pilot")))
    assert "disabled" in read(admin_client.get(page("study_question", "pilot", "pets")))
    admin_client.post(page("study_questions", "pilot"), {"do": "remove", "question": "pets"})
    assert list_names() == ["pets"]
