"""The rater's way in a real Chromium: by the keyboard alone, without script, wide and phone-wide."""

import pytest
from django.test import Client

from studyapp.models import Participant, ProblemReport, Response, Stimulus
from tests.studyapp.study_rows import make_launched, make_staged

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.fixture
def study():
    return make_launched()


@pytest.fixture
def tab(chromium):
    """Opens pages that fail the test on any error in their console; a phone with `width=360`."""
    contexts = []

    def open_tab(*, width=1200, **options):
        context = chromium.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
        # a browser tells so of a transition between pages that the next page overtook: nothing is lost by it
        page.on("pageerror", lambda error: "Transition was skipped" in str(error) or page.faults.append(str(error)))
        return page

    yield open_tab
    for context in contexts:
        context.close()


def test_by_the_keyboard_alone(study, tab, live_server):
    page = tab()
    page.goto(f"{live_server.url}/s/{study.slug}/")
    page.get_by_role("button", name="I agree").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions/")
    page.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/item/**")
    for key in ("1", "2", "3", "5"):
        here = page.url
        page.keyboard.press("Enter")  # nothing is chosen yet, so nothing is sent
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
    go_to_first_item(page, live_server, study)
    page.keyboard.press("4")
    page.get_by_text("Add a comment").click()
    page.get_by_label("Your comment").focus()
    page.keyboard.type("125")
    assert page.get_by_label("Your comment").input_value() == "125"
    assert page.locator("input[name=judgment]:checked").get_attribute("value") == "4"


def test_without_script(study, tab, live_server):
    page = tab(java_script_enabled=False)
    go_to_first_item(page, live_server, study)
    while "/item/" in page.url:
        page.locator("input[name=judgment]").nth(1).check()
        page.get_by_role("button", name="Next").click()
    page.get_by_label("No").check()
    page.get_by_role("button", name="Finish").click()
    assert page.url.endswith("/debriefing/")
    assert Participant.objects.get().status == "completed"
    assert set(Response.objects.values_list("active_seconds", "focus_losses")) == {(None, None)}


def test_an_impatient_double_click_and_the_back_button(study, tab, live_server):
    page = tab()
    go_to_first_item(page, live_server, study)
    first = page.url
    page.keyboard.press("2")
    page.get_by_role("button", name="Next").dblclick(no_wait_after=True)
    page.wait_for_url(lambda url: url != first)
    second = page.url
    page.go_back()
    page.wait_for_url(second)  # the page that was answered is not to be had again
    assert Response.objects.count() == 1


def go_to_first_item(page, live_server, study):
    page.goto(f"{live_server.url}/s/{study.slug}/")
    page.get_by_role("button", name="I agree").click()
    page.wait_for_url("**/instructions/")
    page.get_by_role("button").first.click()
    page.wait_for_url("**/item/**")


def test_pages_need_no_other_host(study, tab, live_server):
    page = tab()
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    go_to_first_item(page, live_server, study)
    assert hosts == {live_server.url.split("/")[2]}
    assert Client().get(f"/s/{study.slug}/")["Referrer-Policy"] in ("same-origin", "no-referrer", "strict-origin")


def test_a_problem_is_reported_without_losing_what_was_chosen(study, tab, live_server):
    page = tab(width=390)
    go_to_first_item(page, live_server, study)
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


def test_the_parts_of_an_article_come_by_themselves_and_the_reader_stays_where_they_are(tab, live_server):
    study = make_staged(seconds=1)
    page = tab()
    go_to_first_item(page, live_server, study)
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
    go_to_first_item(page, live_server, make_staged(seconds=300))
    page.get_by_role("button", name="Show the next part").click()
    alert = page.get_by_role("alert").filter(visible=True)
    alert.wait_for()
    assert "It is too early for the next part" in alert.inner_text()
    assert page.locator("#story > p:not(.subtitle)").count() == 1
    assert page.faults == []


def test_the_parts_come_without_script_too(tab, live_server):
    page = tab(java_script_enabled=False)
    go_to_first_item(page, live_server, make_staged(seconds=1))
    here = page.url
    while page.get_by_role("button", name="Show the next part").is_visible():
        page.get_by_role("button", name="Show the next part").click()
    page.locator("input[name=judgment]").nth(1).check()
    page.get_by_role("button", name="Next").click()
    assert page.url != here
    assert Response.objects.get().judgment == 2


def test_a_part_that_cannot_be_fetched_can_be_asked_for_again(tab, live_server):
    page = tab()
    go_to_first_item(page, live_server, make_staged(seconds=1))
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
    go_to_first_item(page, live_server, make_launched(checks={"presentation": "paired"}))
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


def test_what_a_reader_does_on_the_page_arrives_with_the_answer(study, tab, live_server):
    page = tab(width=390, has_touch=True, is_mobile=True)
    go_to_first_item(page, live_server, study)
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    leave(page, seconds=0.6)
    page.locator("input[name=judgment]").nth(1).check()
    page.locator("input[name=judgment]").nth(3).check()
    page.reload()  # what was counted before is not lost
    leave(page, seconds=0.6, hide=True)
    page.get_by_text("Add a comment").click()
    comment = page.get_by_label("Your comment")
    comment.fill("seen elsewhere")
    comment.focus()
    for keys in ("Control+a", "Control+x", "Control+v", "Control+v"):
        page.keyboard.press(keys)
    page.locator("input[name=judgment]").nth(4).check()
    page.locator("input[name=judgment]").nth(0).check()
    page.get_by_text("Report a problem with this article").click()
    page.get_by_role("button", name="Send the report").click()  # nor what was counted before this
    page.get_by_text("Thank you, your report is stored").wait_for()
    here = page.url
    page.get_by_role("button", name="Next").click()
    page.wait_for_url(lambda url: url != here)
    stored = Response.objects.select_related("trial").get()
    assert stored.comment == "seen elsewhereseen elsewhere"
    assert (stored.focus_losses, stored.pastes, stored.viewport, stored.input_kind) == (2, 2, "narrow", "coarse")
    assert stored.answer_changes == 2  # the first choice after the reload is none: the browser has forgotten the old
    assert 1.1 <= stored.page_seconds <= stored.seconds + 1
    assert 0 < stored.active_seconds <= stored.page_seconds - 1.1
    assert hosts == {live_server.url.split("/")[2]}
    assert page.faults == []


def leave(page, *, seconds, hide=False):
    """Look at something else for a while, as another window or another tab has it."""
    page.evaluate(
        """async ([milliseconds, hide]) => {
          const turn = (hidden) => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
          };
          hide ? turn(true) : dispatchEvent(new Event("blur"));
          await new Promise((done) => setTimeout(done, milliseconds));
          hide ? turn(false) : dispatchEvent(new Event("focus"));
        }""",
        [1000 * seconds, hide],
    )


def test_an_answer_is_kept_on_a_lost_connection_and_sent_when_it_returns(study, tab, live_server):
    page = tab()
    go_to_first_item(page, live_server, study)
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
    go_to_first_item(page, live_server, study)
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


def test_an_answer_whose_receipt_was_lost_leads_on_and_is_stored_once(study, tab, live_server):
    page = tab()
    go_to_first_item(page, live_server, study)
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


def test_the_order_of_the_focus_and_the_way_from_an_error_to_its_field(study, tab, live_server):
    page = tab()
    go_to_first_item(page, live_server, study)
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
    go_to_first_item(page, live_server, study)
    page.get_by_role("button", name="Turn the keys off").click()
    page.keyboard.press("2")
    page.reload()
    page.keyboard.press("2")
    assert page.locator("input[name=judgment]:checked").count() == 0
    page.get_by_role("button", name="Turn the keys on").click()
    page.keyboard.press("2")
    assert page.locator("input[name=judgment]:checked").get_attribute("value") == "2"


def test_the_question_is_at_hand_while_the_article_is_read_and_covers_nothing(tab, live_server):
    study = make_launched()
    Stimulus.objects.update(text="\n\n".join(["A sentence of some words, and another. " * 12] * 9))
    page = tab()
    go_to_first_item(page, live_server, study)
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


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_pages_pass_into_one_another_unless_motion_is_unwanted(study, tab, live_server, motion, moves):
    page = tab(reduced_motion=motion)
    page.add_init_script("addEventListener('pagereveal', (event) => { window.moves = event.viewTransition !== null; })")
    page.goto(f"{live_server.url}/s/{study.slug}/")
    page.get_by_role("button", name="I agree").click()
    page.wait_for_url("**/instructions/")
    page.get_by_role("link", name="Stop taking part").click()
    page.wait_for_url("**/withdraw/")
    assert page.evaluate("window.moves") is moves
