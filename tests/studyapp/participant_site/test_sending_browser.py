"""Answers on their way in a real Chromium: kept on a lost connection, over a reload, and sent once."""

import pytest

from studyapp.models import Response
from tests.studyapp.participant_site.rater_pages import begin
from tests.studyapp.study_rows import make_launched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.fixture
def study():
    return make_launched()


def test_an_answer_is_kept_on_a_lost_connection_and_sent_when_it_returns(study, tab, live_server):
    page = tab()
    begin(page, live_server.url, study)
    here = page.url
    page.context.set_offline(True)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    status = page.locator("[role=status]").filter(has_text="Your answer is kept on this device")
    status.wait_for()
    page.keyboard.press("4")  # second thoughts, sent too
    page.keyboard.press("Enter")
    assert page.url == here and not Response.objects.exists()
    page.context.set_offline(False)
    page.wait_for_url(lambda url: url != here)
    assert Response.objects.get().judgment == 4
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('byline-kept'))") == []


def test_an_answer_that_was_kept_is_sent_when_the_page_is_opened_again(study, tab, live_server):
    page = tab()
    begin(page, live_server.url, study)
    here = page.url
    page.route("**/item/**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    page.get_by_text("Your answer is kept on this device").wait_for()
    page.wait_for_timeout(1000)
    page.unroute("**/item/**")
    page.goto(f"{live_server.url}/s/{study.slug}/")
    page.wait_for_url(lambda url: "/item/" in url and url != here)
    response = Response.objects.select_related("trial").get()
    assert (response.judgment, response.input_kind) == (5, "fine+keyboard")
    assert response.page_seconds <= response.seconds - 0.9  # what was measured when it was given, not when it came


def test_a_reload_loses_nothing_of_what_was_chosen_and_typed(study, tab, live_server):
    page = tab()
    begin(page, live_server.url, study)
    here = page.url
    page.keyboard.press("2")
    page.get_by_label("No", exact=True).check()
    page.get_by_text("Add a comment").click()
    page.get_by_label("Your comment").fill("half a sen")
    page.reload()
    assert page.get_by_label("Your comment").input_value() == "half a sen"
    assert page.get_by_label("Your comment").is_visible()
    checked = page.locator("input:checked").evaluate_all("boxes => boxes.map(box => `${box.name} ${box.value}`)")
    assert checked == ["judgment 2", "seen_before no"]
    page.get_by_role("button", name="Next").click()
    page.wait_for_url(lambda url: url != here)
    assert page.locator("input:checked").count() == 0
    assert page.evaluate("sessionStorage.getItem('byline-draft')") is None
    stored = Response.objects.get()
    assert (stored.judgment, stored.seen_before, stored.comment) == (2, False, "half a sen")


def test_a_box_that_goes_with_no_other_takes_the_others_away_and_a_page_of_questions_is_kept_too(tab, live_server):
    page = tab()
    study = make_launched(questions=[{"use": "news_sources", "when": "before"}, {"use": "country", "when": "before"}])
    page.goto(f"{live_server.url}/s/{study.slug}/")
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Begin").click()
    read_ticks = "boxes => boxes.map(box => box.parentElement.textContent.trim())"
    ticked = page.locator("input[type=checkbox]:checked")
    for name in ("Television", "Radio or podcasts"):
        page.get_by_label(name).check()
    page.get_by_label("None of these").check()
    assert ticked.evaluate_all(read_ticks) == ["None of these"]
    page.get_by_label("Prefer not to say").check()
    assert ticked.evaluate_all(read_ticks) == ["Prefer not to say"]
    page.get_by_label("Television").check()
    page.get_by_label("In which country").select_option("BR")
    page.reload()
    assert ticked.evaluate_all(read_ticks) == ["Television"]
    assert page.get_by_label("In which country").input_value() == "BR"
    assert page.faults == []


def test_an_answer_whose_receipt_was_lost_leads_on_and_is_stored_once(study, tab, live_server):
    page = tab()
    begin(page, live_server.url, study)
    here = page.url
    sent = []

    def lose_the_first_receipt(route):
        sent.append(route.request.method)
        if route.request.method == "POST" and sent.count("POST") == 1:
            route.fetch()  # it arrives, and the browser never hears of it
            route.abort()
        else:
            route.continue_()

    page.route(here, lose_the_first_receipt)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != here)
    assert sent.count("POST") == 2
    assert Response.objects.get().judgment == 1


def test_an_impatient_double_click_and_the_back_button(study, tab, live_server):
    page = tab()
    begin(page, live_server.url, study)
    first = page.url
    page.keyboard.press("2")
    page.get_by_role("button", name="Next").dblclick(no_wait_after=True)
    page.wait_for_url(lambda url: url != first)
    second = page.url
    page.go_back()
    page.wait_for_url(second)  # the page that was answered is not to be had again
    assert Response.objects.count() == 1
