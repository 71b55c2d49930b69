"""What a reader does on the page of a text, measured in a real Chromium."""

import pytest

from studyapp.models import Response
from tests.studyapp.participant_site.rater_pages import begin
from tests.studyapp.study_rows import make_launched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.fixture
def study():
    return make_launched()


def test_what_a_reader_does_on_the_page_arrives_with_the_answer(study, tab, live_server):
    page = tab(width=390, has_touch=True, is_mobile=True)
    begin(page, live_server.url, study)
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
    assert stored.answer_changes == 3  # the choice from before the reload is put back
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
