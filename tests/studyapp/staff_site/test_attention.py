"""The staff pages of the attention checks: taken, written, changed and removed, with their translations."""

import pytest

from studyapp.actions.study import describe_study
from studyapp.models import Study
from tests.studyapp.staff_site.staff_pages import page, read, read_form
from tests.studyapp.study_rows import make_draft, make_launched

pytestmark = pytest.mark.django_db
HUMAN = {"standard": "choose-human", "after": 1}
OWN = {"text": "Please choose “Blue” here.", "choices": ["Red", "Blue"], "answer": "Blue", "after": 3}


def get_checks():
    return describe_study(Study.objects.get()).attention


def test_checks_are_taken_in_the_order_of_the_pages_and_removed(admin_client):
    make_draft(attention=[OWN])
    address = page("study_attention", "pilot")
    assert address in read(admin_client.get(page("study_texts", "pilot")))
    admin_client.post(address, {"do": "take", "standard": "nonsense", "after": "2"})
    assert [(check.after, check.kind, check.answer) for check in get_checks()] == [
        (2, "nonsensical", "No"), (3, "instructed", "Blue")
    ]  # fmt: skip
    assert "behind a check after 3" in read(
        admin_client.post(address, {"do": "take", "standard": "choose-human", "after": "3"}, follow=True)
    )
    assert "after how many articles" in read(admin_client.post(address, {"do": "take", "after": "soon"}, follow=True))
    assert "choose from" in read(admin_client.post(address, {"do": "take", "standard": "x", "after": "1"}, follow=True))
    assert "does not exist" in read(admin_client.post(address, {"do": "remove", "check": "9"}, follow=True))
    admin_client.post(address, {"do": "remove", "check": "2"})
    assert [check.after for check in get_checks()] == [2]


def test_a_check_is_written_and_changed(admin_client):
    make_draft(attention=[OWN])
    address = page("study_attention_check", "pilot", 1)
    form = read_form(admin_client.get(address))
    assert (form["answer"], form["choices"].split(), form["after"]) == (2, ["Red", "Blue"], 3)
    assert "Nothing was different" in read(admin_client.post(address, form, follow=True))
    admin_client.post(address, {**form, "after": "4"})
    assert get_checks()[0].after == 4
    new = {"text": "Please choose “{answer}” now.", "answer": "5", "after": "2", "kind": "instructed", "choices": ""}
    admin_client.post(page("study_attention_new", "pilot"), new)
    assert [(check.text, check.answer, check.after) for check in get_checks()] == [
        (new["text"], 5, 2), (OWN["text"], "Blue", 4)
    ]  # fmt: skip
    assert admin_client.get(page("study_attention_check", "pilot", 3)).status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"text": "Which one?"}, "text", "does not say what to choose"),
        ({"answer": "3"}, "answer", "neutral"),
        ({"kind": "nonsensical"}, "choices", "are missing"),
        ({"after": "1"}, "after", "behind a check after 1"),
    ],
)
def test_what_breaks_a_rule_of_the_panels_is_told_at_its_field(admin_client, change, field, said):
    make_draft(attention=[HUMAN])
    form = {"text": "Choose “{answer}”.", "answer": "5", "after": "2", "kind": "instructed", "choices": ""}
    answer = admin_client.post(page("study_attention_new", "pilot"), {**form, **change})
    assert said in str(answer.context["form"].errors.get(field)), answer.context["form"].errors
    assert len(get_checks()) == 1


def test_translations_move_along_with_their_checks(admin_client):
    german = {"attention": [{"text": "Bitte hier „Blau“.", "choices": ["Rot", "Blau"]}], "consent": "Ja."}
    make_draft(attention=[OWN], texts={"de": german})
    admin_client.post(page("study_attention", "pilot"), {"do": "take", "standard": "choose-human", "after": "1"})
    study = Study.objects.get()
    study.read_in("de")
    assert [check.text[:10] for check in study.texts.attention] == ["Das ist ke", "Bitte hier"]
    admin_client.post(page("study_attention", "pilot"), {"do": "remove", "check": "1"})
    assert describe_study(Study.objects.get()).texts.languages["de"].attention[0].choices == ("Rot", "Blau")


def test_a_launched_study_shows_them_and_changes_none(admin_client):
    make_launched(n_items=4, attention=[HUMAN])
    assert "Write a check" not in read(admin_client.get(page("study_attention", "pilot")))
    assert "disabled" in read(admin_client.get(page("study_attention_check", "pilot", 1)))
    admin_client.post(page("study_attention", "pilot"), {"do": "remove", "check": "1"})
    assert len(get_checks()) == 1
