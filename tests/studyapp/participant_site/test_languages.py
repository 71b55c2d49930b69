"""Pages in the language of the study, or in the one of several that a participant chose."""

import hashlib
import re

import pytest
from django.urls import reverse

from studyapp.actions.export_rows import list_participants
from studyapp.actions.study import describe_study
from studyapp.domain.study_design import describe_design
from studyapp.models import Article, Participant, Study
from studyapp.study_file import parse_study_file, write_study_file
from tests.studyapp.participant_site.page_texts import PageTexts, make_german
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
GERMAN = {
    "title": "Wer war das?", "consent": "Einwilligung.", "instructions": "Lesen Sie.", "question": "Wer *war* das?",
    "debriefing": "Danke.",
}  # fmt: skip
ARABIC = {"title": "من كتب هذا؟", "consent": "**موافقة**.", "instructions": "اقرأ."}


def find_attributes(html, tag):
    return next(attributes for name, attributes in PageTexts(html).tags if name == tag)


@pytest.fixture
def study():
    return make_launched(texts={"de": GERMAN, "ar": ARABIC})


def test_the_browsers_language_is_the_first_guess_and_the_menu_changes_it(study, client):
    page = client.get("/s/pilot/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).content.decode()
    assert find_attributes(page, "html") == {"lang": "de", "dir": "ltr"}
    assert "Ich stimme zu und möchte teilnehmen" in page and "Einwilligung." in page and "Consent." not in page
    assert 'lang="en">English</button>' in page and 'value="ar" lang="ar">العربيّة</button>' in page
    arrival = re.search(r'name="arrival" value="([^"]+)"', page)[1]
    page = client.post("/s/pilot/consent/", {"arrival": arrival, "read_in": "en"}).content.decode()
    assert find_attributes(page, "html")["lang"] == "en" and "I agree" in page and "Consent." in page
    assert 'name="language" value="en"' in page and 'value="en" lang="en" aria-pressed="true"' in page
    assert not Participant.objects.exists()
    assert not client.cookies.get("byline-pilot-language")  # the consent text promises one cookie


def test_the_choice_is_kept_exported_and_never_changed(study, client):
    visitor = Visitor(study, client=client)
    visitor.send(read_in="de")
    visitor.agree()
    participant = visitor.participant
    assert participant.language == "de"
    assert participant.consent_sha256 == hashlib.sha256(b"Einwilligung.").hexdigest()
    for header in ("fr", "en", "ar"):
        page = client.get("/s/pilot/instructions/", headers={"Accept-Language": header}).content.decode()
        assert find_attributes(page, "html")["lang"] == "de" and "Lesen Sie." in page and "Beginnen" in page
    visitor.open("/s/pilot/")
    visitor.send()
    page = client.get(visitor.page.url).content.decode()
    assert "Wer <em>war</em> das?" in page and "Eher von einem Menschen geschrieben" in page
    assert next(iter(list_participants(study)))["language"] == "de"
    client.post("/s/pilot/consent/", {"read_in": "en"})
    participant.refresh_from_db()
    assert participant.language == "de"


def test_an_article_in_another_language_than_the_page_says_so(study, client):
    visitor = Visitor(study, client=client)
    visitor.send(read_in="de")
    visitor.start()
    page = client.get(visitor.page.url).content.decode()
    assert find_attributes(page, "article")["lang"] == "en"
    Article.objects.update(language="de-CH")
    page = client.get(visitor.page.url).content.decode()
    assert "lang" not in find_attributes(page, "article")


def test_right_to_left_texts_turn_the_page_and_what_is_english_is_marked(study, client):
    visitor = Visitor(study, client=client)
    visitor.send(read_in="ar")
    page = client.get("/s/pilot/", headers={"Accept-Language": "ar"}).content.decode()
    assert find_attributes(page, "html") == {
        "lang": "en",
        "dir": "rtl",
    }  # no catalogue is Arabic: the buttons are English
    assert '<p lang="ar" dir="rtl">من كتب هذا؟</p>' in page
    assert '<div class="prose" lang="ar" dir="rtl"><p><strong>موافقة</strong>' in page
    visitor.start()
    page = client.get(visitor.page.url).content.decode()
    assert ">Who?</p>" in page and 'id="question" tabindex="-1">' in page  # not translated: English, as the page
    assert find_attributes(page, "article") == {"class": "story", "id": "story"}


def test_the_language_goes_back_to_english_after_a_page(study, client, admin_client):
    client.get("/s/pilot/", headers={"Accept-Language": "de"})
    assert (
        "All studies"
        in admin_client.get(reverse("staff:study_list"), headers={"Accept-Language": "de"}).content.decode()
    )


def test_notices_and_errors_of_pure_code_are_said_in_the_language(client):
    make_launched(slug="panel", recruitment={"platform": "prolific", "completion_code": "C1ABCDEF"}, **make_german())
    page = client.get("/s/panel/").content.decode()
    assert "Dieser Link enthält keine ID von Prolific (PROLIFIC_PID)." in page
    page = client.post("/s/panel/consent/", {"agree": "no"}).content.decode()
    assert "Sie nehmen nicht teil" in page
    Study.objects.update(state=Study.State.CLOSED)
    link = "?PROLIFIC_PID=5f2b8a9c1d3e4f5a6b7c8d9e&SESSION_ID=5f2b8a9c1d3e4f5a6b7c8d9f"
    page = client.get(f"/s/panel/{link}").content.decode()
    assert "Diese Studie ist beendet" in page and "Bitte geben Sie Ihre Teilnahme bei Prolific zurück" in page


def test_a_study_in_several_languages_round_trips(study):
    design = describe_study(study)
    text = write_study_file(design)
    assert "[texts.de]" in text
    assert parse_study_file(text, name="x", folder=None).resolve([]) == design
    assert describe_design(design) | {} == {key: study.frozen_design[key] for key in describe_design(design)}


def test_the_preview_shows_each_language(study, admin_client):
    address = reverse("rater:preview", args=["pilot", "small", "A", "consent"])
    page = admin_client.get(address, {"language": "de"}).content.decode()
    assert "Einwilligung." in page and f'href="{address}?language=ar"' in page
    following = admin_client.post(f"{address}?language=de", {"agree": "yes"}).url
    assert following.endswith("/instructions/?language=de")
    assert "Lesen Sie." in admin_client.get(following).content.decode()
    assert admin_client.post(f"{address}?language=de", {"read_in": "ar"}).url == f"{address}?language=ar"
