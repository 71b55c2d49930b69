"""The page on data protection, and the promise behind it: no address and no browser's name is kept anywhere."""

import logging
import re

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from django.test import Client

from studyapp.models import Participant, PlatformIdentity, Response
from tests.studyapp.participant_site.rater_pages import DATA_PROTECTION
from tests.studyapp.participant_site.visitors import PROLIFIC_ID, Visitor
from tests.studyapp.study_rows import make_draft, make_launched

pytestmark = pytest.mark.django_db
PROLIFIC = {"platform": "prolific", "completion_code": "C1A2B3"}
ADDRESS, BROWSER = "203.0.113.77", "Unmistakable/77.1 (a browser of the tests)"
TITLES = {"en": "Data protection", "de": "Datenschutz", "es": "Protección", "fr": "Protection", "zh-Hans": "数据保护"}


def read(client, study, **headers):
    page = client.get(f"/s/{study.slug}/data-protection/", **headers)
    assert page.status_code == 200
    return page.content.decode()


def test_the_page_says_what_the_study_says_before_and_after_somebody_agrees():
    study = make_launched(data_protection=DATA_PROTECTION, recruitment=PROLIFIC)
    text = read(Client(), study)
    for said in ("Example University", "dpo@example.org", "Article 6(1)(a)", "90 days", "Prolific", "Example Hosting"):
        assert said in text
    assert "for as long as they are of use" in text and "C1A2B3" not in text
    visitor = Visitor(study, PROLIFIC_PID=PROLIFIC_ID)
    for _ in range(3):  # consent, instructions, the first article
        assert f'href="/s/{study.slug}/data-protection/"' in visitor.content
        visitor.send(agree="yes")
    assert visitor.participant.code in read(visitor.client, study)
    assert PROLIFIC_ID not in read(visitor.client, study)
    assert Client().head(f"/s/{study.slug}/data-protection/").status_code == 200
    assert Client().post(f"/s/{study.slug}/data-protection/").status_code == 405


def test_without_settings_it_says_so_and_an_open_link_has_no_id():
    text = read(Client(), make_launched())
    assert "have not said it here" in text
    assert "id of your link:" not in text
    assert Client().get(f"/s/{make_draft(slug='draft').slug}/data-protection/").status_code == 404


def test_it_is_there_in_every_language_of_the_pages():
    texts = {tag: {"consent": f"Consent in {tag}."} for tag in TITLES if tag != "en"}
    study = make_launched(texts=texts, data_protection={"legal_basis": "public_task", "keep_answers_days": 1})
    for tag, title in TITLES.items():
        text = read(Client(), study, headers={"Accept-Language": tag})
        assert f'<html lang="{tag}"'.casefold() in text and title in re.search("<h1>(.*)</h1>", text)[1]
        assert ("Your answers: 1 day after" in text) == (tag == "en")


def test_the_draft_has_it_in_its_preview(admin_client):
    study = make_draft(data_protection=DATA_PROTECTION)
    page = admin_client.get(f"/s/{study.slug}/preview/small/A/data-protection/").content.decode()
    assert "Example University" in page and "once you take part" in page


def test_neither_address_nor_browser_is_kept_in_any_row_or_log_line(caplog):
    """A whole walk, a refused link, a report of a problem, failed and right sign-ins of staff, and a withdrawal."""
    study = make_launched(recruitment=PROLIFIC)
    User.objects.create_superuser("anna", password="right")
    person = {"REMOTE_ADDR": ADDRESS, "HTTP_X_FORWARDED_FOR": ADDRESS, "HTTP_USER_AGENT": BROWSER}
    with caplog.at_level(logging.DEBUG):
        visitor = Visitor(study, client=Client(**person), PROLIFIC_PID=PROLIFIC_ID, SESSION_ID="5e55")
        visitor.start()
        item = visitor.page.url
        visitor.client.post(f"{item}problem/", {"message": "broken"})
        visitor.finish()
        Client(**person).get(f"/s/{study.slug}/", {"PROLIFIC_PID": "no id"})
        Client(**person).get("/s/no-such-study/")
        staff = Client(**person)
        for password in ("wrong", "wrong", "right"):
            staff.post("/staff/login/", {"username": "anna", "password": password})
        assert staff.get("/staff/").status_code in (200, 302)
        assert_nothing_kept(caplog, ADDRESS, BROWSER, BROWSER.partition("/")[0])
        assert Response.objects.exists() and PlatformIdentity.objects.filter(external_id=PROLIFIC_ID).exists()
        visitor.send(to=f"/s/{study.slug}/withdraw/")
    assert Participant.objects.get().status == "withdrawn"  # the row stays as a count
    assert not Response.objects.exists()
    assert_nothing_kept(caplog, PROLIFIC_ID, "broken", "5e55")


def assert_nothing_kept(caplog, *traces):
    kept = [
        f"{model._meta.label}.{field.name}: {value!r}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        for value in model._base_manager.values_list(field.attname, flat=True)
        if any(trace in str(value) for trace in traces)
    ]
    assert not kept
    assert not [record for record in caplog.records if any(trace in record.getMessage() for trace in traces)]


def test_no_column_of_ours_is_made_for_it():
    fields = [field for model in apps.get_app_config("studyapp").get_models() for field in model._meta.concrete_fields]
    assert not [field for field in fields if isinstance(field, models.GenericIPAddressField)]
    named = re.compile(r"(^|_)(ip|addr|address|user_agent|agent|fingerprint)(_|$)")
    assert not [str(field) for field in fields if named.search(field.name)]
