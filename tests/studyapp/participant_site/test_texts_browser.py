"""Texts in a real Chromium: whole, in parts, in pairs, with the question at hand."""

import pytest

from studyapp.models import Response, Stimulus
from tests.studyapp.participant_site.rater_pages import begin
from tests.studyapp.study_rows import make_launched, make_staged

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


def test_the_parts_of_an_article_come_by_themselves_and_the_reader_stays_where_they_are(tab, live_server):
    study = make_staged(seconds=1)
    page = tab()
    begin(page, live_server.url, study)
    assert page.locator("#story > p:not(.subtitle)").count() == 1
    assert "Part 1 of 3 is here." in page.locator("#said").inner_text()
    page.evaluate("window.stayed = true")
    for parts in (2, 3):
        page.locator(f"#story > p:not(.subtitle):nth-of-type({parts + 1})").wait_for()  # the subtitle is a p too
    page.get_by_role("button", name="Next").wait_for()
    assert page.locator("#said").inner_text() == "Part 3 of 3 is here."
    assert page.evaluate("window.stayed") is True  # the page was not loaded anew
    here = page.url
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != here)
    response = Response.objects.select_related("trial").get()
    first, second, third = response.trial.shown_times
    assert (second - first).total_seconds() >= 1 and (third - second).total_seconds() >= 1
    assert response.judgment == 4
    assert response.active_seconds >= 2  # the whole time, not from the last part on
    assert page.faults == []


def test_an_early_click_is_told_how_long_it_is_still(tab, live_server):
    page = tab()
    begin(page, live_server.url, make_staged(seconds=300))
    page.get_by_role("button", name="Show the next part").click()
    alert = page.get_by_role("alert").filter(visible=True)
    alert.wait_for()
    assert "It is too early for the next part" in alert.inner_text()
    assert page.locator("#story > p:not(.subtitle)").count() == 1
    assert page.faults == []


def test_the_parts_come_without_script_too(tab, live_server):
    page = tab(java_script_enabled=False)
    begin(page, live_server.url, make_staged(seconds=1))
    here = page.url
    while page.get_by_role("button", name="Show the next part").is_visible():
        page.get_by_role("button", name="Show the next part").click()
    page.locator("input[name=judgment]").nth(1).check()
    page.get_by_role("button", name="Next").click()
    assert page.url != here
    assert Response.objects.get().judgment == 2


def test_a_part_that_cannot_be_fetched_can_be_asked_for_again(tab, live_server):
    page = tab()
    begin(page, live_server.url, make_staged(seconds=1))
    page.context.set_offline(True)
    page.get_by_text("could not be fetched").wait_for()
    page.context.set_offline(False)
    page.get_by_role("button", name="Show the next part").click()
    page.get_by_text("Part 2 of 3.", exact=True).wait_for()


@pytest.mark.parametrize(("width", "columns"), [(320, 1), (1280, 2)])
def test_a_pair_stands_side_by_side_where_there_is_room_and_over_one_another_on_a_phone(
    tab, live_server, width, columns
):
    page = tab(width=width)
    begin(page, live_server.url, make_launched(checks={"presentation": "paired"}))
    left, right = (page.locator(".pair .story").nth(number).bounding_box() for number in (0, 1))
    assert (left["y"] == right["y"], left["x"] == right["x"]) == ((True, False) if columns == 2 else (False, True))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    here = page.url
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != here)
    response = Response.objects.select_related("trial").get()
    assert response.judgment == (4 if response.trial.first == "model" else 2)
    assert page.faults == []


def test_the_question_is_at_hand_while_the_article_is_read_and_covers_nothing(tab, live_server):
    study = make_launched()
    Stimulus.objects.update(text="\n\n".join(["A sentence of some words, and another. " * 12] * 9))
    page = tab()
    begin(page, live_server.url, study)
    page.evaluate("scrollTo(0, 900)")
    question, story = page.locator("#question").bounding_box(), page.locator("#story").bounding_box()
    assert 0 <= question["y"] < 800 and question["x"] > story["x"] + story["width"]
    labels = page.locator(".scale label")
    assert min(labels.nth(number).bounding_box()["height"] for number in range(5)) >= 44
    page.set_viewport_size({"width": 390, "height": 780})
    assert min(labels.nth(number).bounding_box()["height"] for number in range(5)) >= 48
    page.evaluate("scrollTo(0, 900)")
    question = page.locator("#question").bounding_box()
    assert question["y"] > 600 and question["y"] + question["height"] <= 780
    page.evaluate("scrollTo(0, 1e6)")
    story, question = page.locator("#story").bounding_box(), page.locator("#question").bounding_box()
    assert question["y"] >= story["y"] + story["height"]
    page.set_viewport_size({"width": 320, "height": 256})  # 1280 x 1024 at 400 %: nothing stays in the way
    page.evaluate("scrollTo(0, 900)")
    assert page.locator("#question").bounding_box()["y"] > 256
