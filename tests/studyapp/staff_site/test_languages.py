"""The pages of a study's further languages: added with what the preset says, written, refused, taken out."""

import pytest

from studyapp.actions.study import describe_study, load_study
from studyapp.models import Study
from studyapp.study_file import parse_study_file
from tests.studyapp.staff_site.staff_pages import page, read, read_form
from tests.studyapp.study_rows import make_draft, make_launched

pytestmark = pytest.mark.django_db
FILE = """
[study]
slug = "long"
title = "Who wrote this?"
preset = "gpt3-long"
language = "de"
[texts]
consent = "Meine eigene Einwilligung."
[articles]
items = []
context = []
"""


def get_texts(slug="pilot"):
    return describe_study(Study.objects.get(slug=slug)).texts.languages


def test_a_language_is_added_with_the_presets_texts_where_the_study_says_the_same(admin_client):
    load_study(parse_study_file(FILE, name="x", folder=None).resolve([]))
    answer = admin_client.post(page("study_add_language", "long"), {"language": "fr"})
    assert answer.url == page("study_language", "long", "fr")
    said = get_texts("long")["fr"]
    assert said.question == "Selon vous, qui a écrit cet article ?" and said.consent == ""
    assert len(said.comprehension) == 3
    shown = read(admin_client.get(answer.url))
    assert "Not translated:</strong> title, consent." in shown and "cannot be launched" in shown
    assert "Meine eigene Einwilligung." in shown and "French (fr)" in shown


def test_what_is_written_is_stored_and_what_is_not_changed_stays(admin_client):
    make_draft(texts={"de": {"consent": "Alt\n\n- eins\n", "question": "Wer?"}})
    address = page("study_language", "pilot", "de")
    before = get_texts()
    form = {key: str(text).replace("\n", "\r\n") for key, text in read_form(admin_client.get(address)).items()}
    assert "Nothing was different" in read(admin_client.post(address, form, follow=True))
    assert get_texts() == before
    admin_client.post(address, {**form, "consent": "Neu", "title": "Wer war es?"})
    assert (get_texts()["de"].consent, get_texts()["de"].title) == ("Neu", "Wer war es?")
    preview = read(admin_client.post(address, {**form, "debriefing": "**Danke**", "do": "preview"}))
    assert "<strong>Danke</strong>" in preview and get_texts()["de"].debriefing == ""
    assert admin_client.post(address, {"do": "remove"}).url == page("study_texts", "pilot")
    assert get_texts() == {}
    assert admin_client.get(address).status_code == 404


@pytest.mark.parametrize("tag", ["German", "zh_Hans", ""])
def test_what_is_no_language_is_refused_with_what_to_write(admin_client, tag):
    make_draft()
    shown = read(admin_client.post(page("study_add_language", "pilot"), {"language": tag}))
    assert "cannot be added" in shown and "zh-Hans" in shown
    assert get_texts() == {}


def test_the_studys_own_language_is_not_added_again(admin_client):
    make_draft()
    assert admin_client.post(page("study_add_language", "pilot"), {"language": "EN"}).url == page(
        "study_texts", "pilot"
    )
    assert get_texts() == {}


def test_a_launched_study_shows_its_languages_and_changes_none(admin_client):
    make_launched(texts={"ar": {"consent": "موافقة"}})
    address = page("study_language", "pilot", "ar")
    shown = read(admin_client.get(address))
    assert "will be in English" in shown and "Add a language" not in shown and ">Save<" not in shown
    admin_client.post(address, {"consent": "x"})
    admin_client.post(page("study_add_language", "pilot"), {"language": "de"})
    assert list(get_texts()) == ["ar"] and get_texts()["ar"].consent == "موافقة"


def test_the_studys_own_questions_are_translated_beside_its_texts(admin_client):
    questions = [{"name": "pets", "text": "Any pets?", "choices": ["Yes", "No"]}, {"use": "gender", "help": "Now."}]
    own_help = {"name": "gender", "help": "Jetzt."}
    make_draft(questions=questions, texts={"de": {"consent": "Ja?", "questions": [own_help]}})
    address = page("study_language", "pilot", "de")
    assert "question pets" in read(admin_client.get(address))
    form = read_form(admin_client.get(address))
    assert "Nothing was different" in read(admin_client.post(address, form, follow=True))
    said = {"questions-pets-text": "Haustiere?", "questions-pets-choices": "Ja\r\nNein"}
    shown = read(admin_client.post(address, {**form, **said}, follow=True))
    assert "question pets" not in shown
    gender, pets = get_texts()["de"].questions
    assert (gender.help, pets.text, pets.choices) == ("Jetzt.", "Haustiere?", ("Ja", "Nein"))
    shown = read(admin_client.post(address, {**form, **said, "questions-pets-choices": "Ja"}))
    assert "must be 2 texts" in shown
