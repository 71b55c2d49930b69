"""Attention checks and the least reading time in a real Chromium: by keys, held kindly, and without script."""

import pytest

from studyapp.models import Participant, Response
from tests.studyapp.participant_site.rater_pages import begin
from tests.studyapp.study_rows import make_launched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
CHECKS = [{"standard": "choose-machine", "after": 1}]


def test_an_answer_is_held_until_its_time_and_a_check_is_answered_by_its_key(tab, live_server):
    page = tab(width=320)
    begin(page, live_server.url, make_launched(attention=CHECKS, checks={"min_reading_seconds": 3}))
    article = page.url
    page.keyboard.press("4")
    page.get_by_text("Add a comment").click()
    page.get_by_label("Your comment").fill("kept as it is")
    page.get_by_role("button", name="Next").click()
    kept = page.locator("#pace b")
    if kept.count():  # a slow machine may have let the time pass before the click
        assert kept.inner_text() == "Your answer is kept."
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_text("You can go on now.").wait_for()
        assert page.url == article
        assert page.get_by_label("Your comment").input_value() == "kept as it is"
        page.locator("input[name=judgment]:checked").press("Enter")
    page.wait_for_url("**/attention/1/")
    response = Response.objects.select_related("trial").get()
    assert response.comment == "kept as it is"
    assert response.seconds >= 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.keyboard.press("Enter")  # nothing is chosen yet
    page.locator("#errors").wait_for()
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    page.wait_for_url("**/item/**")
    assert page.url != article
    assert [given["answer"] for given in Participant.objects.get().attention_answers] == [5]
    assert page.faults == []


def test_without_script_the_page_comes_back_with_the_answer(tab, live_server):
    page = tab(java_script_enabled=False)
    begin(page, live_server.url, make_launched(attention=CHECKS, checks={"min_reading_seconds": 3}))
    page.locator("input[name=judgment]").nth(1).check()
    while "/item/" in page.url:
        page.get_by_role("button", name="Next").click()  # comes back as it was, until the time is there
    page.get_by_role("button", name="Next").click()
    page.get_by_role("alert").wait_for()
    assert "Please choose an answer." in page.get_by_role("alert").inner_text()
    page.get_by_role("radio", name="Very likely written by a machine").check()
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**/item/**")
    assert Response.objects.get().judgment == 2
