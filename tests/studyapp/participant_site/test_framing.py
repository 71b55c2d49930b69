"""MTurk shows our pages in its frame and takes the completion by a form; other studies keep the strict defaults."""

from http.cookies import SimpleCookie

import pytest
from django.http import HttpResponse
from django.test import Client

from studyapp.models import Participant, PlatformIdentity
from studyapp.participant_site.framing import allow_frame
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

ACCEPTED = {"workerId": "A1B2", "assignmentId": "3XYZ", "hitId": "H1", "turkSubmitTo": "https://www.mturk.com"}
PREVIEW = {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": "H1", "turkSubmitTo": "https://www.mturk.com"}


def make_study(settings):
    settings.SITE_URL = "https://study.example.org"
    return make_launched(recruitment={"platform": "mturk"})


@pytest.fixture
def study(settings, db):
    return make_study(settings)


def read_policy(answer):
    return dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";") if part.strip())


def test_pages_of_a_study_on_mturk_may_stand_in_its_frame_and_post_to_it_alone(study):
    client = Client(enforce_csrf_checks=True)
    answer = client.get(f"/s/{study.slug}/", ACCEPTED)
    policy = read_policy(answer)
    assert policy["frame-ancestors"] == "https://*.mturk.com"
    assert policy["form-action"] == "'self' https://www.mturk.com https://workersandbox.mturk.com"
    assert policy["script-src"] == "'self'"
    assert "X-Frame-Options" not in answer
    assert set(answer.cookies) == {"csrftoken"}
    assert all("SameSite=None" in c.OutputString() for c in answer.cookies.values())


def test_their_cookies_are_partitioned_and_keep_what_they_had(study):
    visitor = Visitor(study, **ACCEPTED)
    answer = visitor.client.post(visitor.page.action, {**visitor.page.fields, "agree": "yes"})
    said = answer.cookies[f"byline-{study.slug}"].OutputString().split("; ")
    assert {"SameSite=None", "Secure", "Partitioned", "HttpOnly", f"Path=/s/{study.slug}/"} <= set(said)
    assert any(part.startswith("Max-Age=") for part in said)


def test_a_cookie_that_is_deleted_is_deleted_in_the_frame(study):
    response = HttpResponse(headers={"X-Frame-Options": "DENY"})
    response.delete_cookie("x", path="/s/")
    allow_frame(response, study.adapter)
    assert isinstance(response.cookies, SimpleCookie)
    said = response.cookies["x"].OutputString()
    assert "expires=Thu, 01 Jan 1970" in said and "Partitioned" in said


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "continue/", "code/", "consent/"])
def test_pages_of_every_other_study_may_not(path):
    study = make_launched(recruitment={"platform": "prolific", "completion_code": "C1AB"})
    client = Client(enforce_csrf_checks=True)
    answer = client.post(f"/s/{study.slug}/{path}") if path == "consent/" else client.get(f"/s/{study.slug}/{path}")
    assert read_policy(answer)["frame-ancestors"] == "'none'"
    assert read_policy(answer)["form-action"] == "'self'"
    assert answer["X-Frame-Options"] == "DENY"
    assert not any("None" in cookie.OutputString() for cookie in answer.cookies.values())


def test_the_staff_pages_may_not_either(study, admin_client):
    answer = admin_client.get(f"/staff/studies/{study.slug}/")
    assert answer["X-Frame-Options"] == "DENY"
    assert "mturk" not in answer["Content-Security-Policy"]


def test_what_is_said_without_cookies_is_seen_in_the_frame_too(study):
    answer = Client(enforce_csrf_checks=True).post(f"/s/{study.slug}/consent/", {"agree": "yes"})
    assert answer.status_code == 403
    assert "X-Frame-Options" not in answer


def test_a_preview_creates_nothing_and_submits_nothing(study):
    visitor = Visitor(study, **PREVIEW)
    page = visitor.agree()
    assert "This is a preview" in page.text
    assert "externalSubmit" not in page.text
    assert Participant.objects.count() == 0


@pytest.mark.parametrize("address", ["https://evil.example", "https://www.mturk.com.evil.example", "javascript:x"])
def test_a_hostile_address_to_submit_to_opens_nothing(study, address):
    answer = Client().get(f"/s/{study.slug}/", {**ACCEPTED, "turkSubmitTo": address})
    assert answer.status_code == 400
    assert address not in answer.content.decode()


def test_the_last_page_posts_the_newest_assignment_to_where_it_came_from(study):
    Visitor(study, **ACCEPTED).finish()
    sandbox = {**ACCEPTED, "assignmentId": "4NEW", "turkSubmitTo": "https://workersandbox.mturk.com"}
    visitor = Visitor(study, **sandbox)
    assert visitor.page.action == "https://workersandbox.mturk.com/mturk/externalSubmit"
    assert visitor.page.fields["assignmentId"] == "4NEW"
    assert set(visitor.page.fields) - {"assignmentId"}  # MTurk wants one more
    assert "csrfmiddlewaretoken" not in visitor.page.fields  # our token is none of MTurk's business
    assert PlatformIdentity.objects.get().session_id == "4NEW"


@pytest.mark.xdist_group("browser")
@pytest.mark.django_db(transaction=True)
def test_in_a_real_frame_of_mturk_from_consent_to_the_form(chromium, live_server, settings):
    """A page that calls itself www.mturk.com frames the live server, as a site of another name would."""
    study = make_study(settings)
    entry = f"{live_server.url.replace('127.0.0.1', 'localhost')}/s/{study.slug}/?" + "&".join(
        f"{name}={value}" for name, value in ACCEPTED.items()
    )
    posted = []

    def answer(route):
        if route.request.method == "POST":
            posted.append((route.request.url, route.request.post_data))
        body = "<p>taken" if route.request.method == "POST" else f'<iframe src="{entry}" width="900" height="700">'
        route.fulfill(content_type="text/html", body=body)

    context = chromium.new_context(permissions=["local-network-access"])
    page = context.new_page()
    page.route("https://www.mturk.com/**", answer)
    page.goto("https://www.mturk.com/work")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="I agree").click()
    frame.get_by_role("button", name="Begin").click()
    for _ in range(4):
        here = frame.locator("progress").get_attribute("value")
        frame.locator("input[name=judgment]").nth(1).check()
        frame.get_by_role("button", name="Next").click()
        frame.locator(f"progress:not([value='{here}']), input[name=looked_up]").first.wait_for()
    frame.get_by_label("No").check()
    frame.get_by_role("button", name="Finish").click()
    frame.get_by_role("button", name="Submit to MTurk").click()
    frame.get_by_text("taken").wait_for()
    context.close()
    assert Participant.objects.get().status == "completed"
    assert posted == [("https://www.mturk.com/mturk/externalSubmit", "assignmentId=3XYZ&outcome=complete")]
