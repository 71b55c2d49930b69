"""The rater's way in a real Chromium: by the keyboard alone, without script, wide and phone-wide."""

import pytest
from django.test import Client

from studyapp.models import Participant, ProblemReport, Response
from tests.studyapp.participant_site.rater_pages import begin
from tests.studyapp.study_rows import make_launched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.fixture
def study():
    return make_launched()


def test_by_the_keyboard_alone(study, tab, live_server):
    page = tab()
    page.goto(f"{live_server.url}/s/{study.slug}/")
    page.get_by_role("button", name="I agree").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions/")
    page.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/item/**")
    page.keyboard.press("Enter")  # nothing is chosen yet: it is said what is missing, and read out
    page.locator("#errors").wait_for()
    assert page.evaluate("document.activeElement.id") == "errors"
    assert "Please choose one of the five answers." in page.get_by_role("alert").inner_text()
    for key in ("1", "2", "3", "5"):
        here = page.url
        page.keyboard.press(key)
        assert page.locator("input[name=judgment]:checked").get_attribute("value") == key
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, here=here: url != here)
    assert page.url.endswith("/questions/")
    page.get_by_label("No").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/debriefing/")
    assert page.faults == []
    assert list(Response.objects.order_by("trial__position").values_list("judgment", flat=True)) == [1, 2, 3, 5]
    assert set(Response.objects.values_list("focus_losses", "answer_changes", "input_kind")) == {
        (0, 0, "fine+keyboard")
    }


def test_keys_in_the_comment_are_text(study, tab, live_server):
    page = tab()
    begin(page, live_server.url, study)
    page.keyboard.press("4")
    page.get_by_text("Add a comment").click()
    page.get_by_label("Your comment").focus()
    page.keyboard.type("125")
    assert page.get_by_label("Your comment").input_value() == "125"
    assert page.locator("input[name=judgment]:checked").get_attribute("value") == "4"


def test_without_script(study, tab, live_server):
    page = tab(java_script_enabled=False)
    begin(page, live_server.url, study)
    while "/item/" in page.url:
        page.locator("input[name=judgment]").nth(1).check()
        page.get_by_role("button", name="Next").click()
    page.get_by_label("No").check()
    page.get_by_role("button", name="Finish").click()
    assert page.url.endswith("/debriefing/")
    assert Participant.objects.get().status == "completed"
    assert set(Response.objects.values_list("active_seconds", "focus_losses")) == {(None, None)}


def test_pages_need_no_other_host(study, tab, live_server):
    page = tab()
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    begin(page, live_server.url, study)
    assert hosts == {live_server.url.split("/")[2]}
    assert Client().get(f"/s/{study.slug}/")["Referrer-Policy"] in ("same-origin", "no-referrer", "strict-origin")


def test_a_problem_is_reported_without_losing_what_was_chosen(study, tab, live_server):
    page = tab(width=390)
    begin(page, live_server.url, study)
    page.keyboard.press("4")
    page.get_by_text("Report a problem with this article").click()
    page.get_by_label("What is wrong with it?").fill("it ends in the middle")
    page.get_by_role("button", name="Send the report").click()
    page.get_by_text("Thank you, your report is stored").wait_for()
    assert page.locator("input[name=judgment]:checked").get_attribute("value") == "4"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Next").click()
    page.wait_for_url(lambda url: "/item/" in url and "/problem/" not in url)
    assert Response.objects.get().judgment == 4
    assert ProblemReport.objects.get().message == "it ends in the middle"


@pytest.mark.parametrize("width", [320, 1200])
def test_the_questions_about_the_instructions_by_the_mouse(tab, live_server, width):
    questions = [{"question": "What is asked?", "choices": ["its truth", "who wrote it"], "answer": "who wrote it"}]
    page = tab(width=width)
    page.goto(f"{live_server.url}/s/{make_launched(comprehension=questions).slug}/")
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("its truth").check()
    page.get_by_role("button", name="Go on").click()
    assert page.locator(".error").filter(has_text="This is not right yet").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("who wrote it").check()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/item/**")
    assert page.faults == []


def test_the_order_of_the_focus_and_the_way_from_an_error_to_its_field(study, tab, live_server):
    page = tab()
    begin(page, live_server.url, study)
    focused = "document.activeElement.name || document.activeElement.textContent.trim()"
    order = []
    for _ in range(7):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
    assert order[:3] == ["Skip to the content", "judgment", "seen_before"]
    assert [order[3], order[4][:4], order[5]] == [
        "Add a comment (if you like)", "Next", "Report a problem with this article"
    ]  # fmt: skip
    page.get_by_role("button", name="Next").click()
    page.locator("#errors").wait_for()
    assert page.evaluate("document.activeElement.id") == "errors"
    assert page.title().startswith("Error:")
    scale = page.get_by_role("radiogroup", name=study.question_text)
    assert scale.get_attribute("aria-invalid") == "true"
    assert page.locator(f"#{scale.get_attribute('aria-describedby')}").inner_text() == (
        page.locator("#errors a").inner_text()
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_judgment_0"


def test_the_keys_can_be_turned_off_for_good(study, tab, live_server):
    page = tab()
    begin(page, live_server.url, study)
    page.get_by_role("button", name="Turn the keys off").click()
    page.keyboard.press("2")
    page.reload()
    page.keyboard.press("2")
    assert page.locator("input[name=judgment]:checked").count() == 0
    page.get_by_role("button", name="Turn the keys on").click()
    page.keyboard.press("2")
    assert page.locator("input[name=judgment]:checked").get_attribute("value") == "2"


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_pages_pass_into_one_another_unless_motion_is_unwanted(study, tab, live_server, motion, moves):
    page = tab(reduced_motion=motion)
    page.add_init_script("addEventListener('pagereveal', (event) => { window.moves = event.viewTransition !== null; })")
    page.goto(f"{live_server.url}/s/{study.slug}/")
    page.get_by_role("button", name="I agree").click()
    page.wait_for_url("**/instructions/")
    page.get_by_role("link", name="Stop taking part").click()
    page.wait_for_url("**/withdraw/")
    page.wait_for_function("window.moves !== undefined")  # the page is revealed some time after its address is there
    assert page.evaluate("window.moves") is moves
