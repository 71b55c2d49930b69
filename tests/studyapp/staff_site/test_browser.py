"""Staff pages in a real Chromium: the keys of the review page, and the watching page that renews itself."""

import random

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from studyapp.actions import participation
from studyapp.actions.selection import select_stimuli
from studyapp.models import ItemLook
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.fixture
def tab(chromium, live_server):
    """A page of somebody who is signed in; whatever its console complains of fails the test."""
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1200, "height": 800})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def test_items_are_gone_through_by_keys(tab):
    study = make_draft(n_items=3, slug="pilot")
    finish_jobs(study)
    select_stimuli(study)
    tab.goto("/staff/studies/pilot/review/")
    tab.keyboard.press("j")
    tab.wait_for_url("**item=2*")
    tab.keyboard.press("k")
    tab.wait_for_url("**item=1*")
    tab.get_by_text("This article should not be shown").click()
    tab.get_by_label("In words").first.fill("")
    tab.get_by_label("In words").first.press("j")  # a letter of the reason
    assert tab.get_by_label("In words").first.input_value() == "j"
    tab.get_by_role("heading", name="Human").click()
    tab.keyboard.press("l")
    tab.wait_for_url("**item=2*")
    assert ItemLook.objects.get().item == study.items.first()
    assert tab.get_by_text("1 of 3 looked at").is_visible()


def test_the_watching_page_renews_itself(tab):
    study = make_launched(slug="pilot")
    tab.goto("/staff/studies/pilot/watch/")
    tab.get_by_text("renewed every").wait_for()
    assert tab.locator('[data-section="leaving"]').get_by_text("0 of 4").count() == 0
    arrival = Arrival(external_id="person-1")
    participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(1), now=NOW)
    tab.locator('[data-section="leaving"]').get_by_text("0 of 4").wait_for(timeout=60_000)
    assert tab.locator('[data-section="arms"]').get_by_text("1 of 3").count() == 1
