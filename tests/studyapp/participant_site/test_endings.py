"""How every participation ends: the right code and link, to the right person, and never before its time."""

import random
import re

import pytest
from django.conf import settings as site
from django.test import Client
from django.utils import timezone

from studyapp.actions import participation
from studyapp.actions.launch import close_study
from studyapp.actions.participation import EndAnswers
from studyapp.actions.responses import Answer, answer_trial
from studyapp.domain.judgment import Judgment
from studyapp.models import Participant, PlatformIdentity, Response
from studyapp.recruitment import Arrival
from tests.studyapp.participant_site.visitors import PROLIFIC_ID, Visitor
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db
CODES = {
    "complete": "C1COMPLETE", "no_consent": "C2NOCONSENT", "screen_out": "C3SCREEN", "quota_full": "C4QUOTA",
    "failed_checks": "C5CHECKS", "device": "C6DEVICE", "error": "C7ERROR",
}  # fmt: skip
SESSION = "60fd8a4b2c3d4e5f6a7b8c9d"
CHECK = {
    "internet_check_question": "Steps?", "internet_check_solutions": ["768"], "exclusion_rules": ["internet_check"],
}  # fmt: skip


def make_study(**sections):
    outcomes = {name: code for name, code in CODES.items() if name != "complete"}
    recruitment = {"platform": "prolific", "completion_code": CODES["complete"], "outcomes": outcomes}
    return make_launched(recruitment=recruitment, **sections)


@pytest.fixture
def study():
    return make_study()


def visit(study, **options):
    return Visitor(study, PROLIFIC_PID=PROLIFIC_ID, SESSION_ID=SESSION, **options)


def read_codes(page):
    """The ends whose code is on a page's text, and those that its links lead to."""
    return [name for name, code in CODES.items() if code in page.text]


def fetch(client, study, path="", **parameters):
    return client.get(f"/s/{study.slug}/{path}", parameters, follow=True).content.decode()


def find_link(html):
    return re.findall(r'href="(https://app\.prolific\.com[^"]*)"', html)


# --- each end ------------------------------------------------------------------------------------------------------
def test_who_declines_is_shown_that_end_and_nothing_of_them_is_stored(study):
    visitor = visit(study)
    page = visitor.send(agree="no")
    assert read_codes(page) == ["no_consent"]
    assert "nothing was stored" in page.text
    assert (Participant.objects.count(), PlatformIdentity.objects.count()) == (0, 0)


def test_who_declines_in_a_second_tab_after_agreeing_in_the_first_is_led_to_their_place(study):
    visitor = visit(study)
    consent = visitor.page
    visitor.agree()
    page = visitor.send(to=consent.action, **consent.fields, agree="no")
    assert page.step == "instructions"
    assert read_codes(page) == []


def test_a_late_arrival_at_a_full_study_is_shown_that_end_and_nothing_of_them_is_stored():
    study = make_study(targets={"participants_per_cell": 1})
    for number in range(6):
        participation.enrol(
            study, platform="prolific", arrival=Arrival(f"p{number}"), rng=random.Random(1), now=timezone.now()
        )
    page = visit(study).agree()
    assert read_codes(page) == ["quota_full"]
    assert Participant.objects.count() == 6


def test_who_comes_to_a_closed_study_is_shown_that_it_is_full(study):
    close_study(study, now=NOW)
    assert read_codes(visit(study).page) == ["quota_full"]
    assert read_codes(Visitor(study, PROLIFIC_PID="{{%PROLIFIC_PID%}}").page) == []


@pytest.mark.parametrize(
    ("reason", "outcome"), [("reads no news", "screen_out"), ("device", "device"), ("error", "error")]
)
def test_who_is_screened_out_is_shown_that_end_wherever_they_go(study, reason, outcome):
    visitor = visit(study)
    visitor.start()
    visitor.send(judgment="2")
    participation.screen_out(visitor.participant, reason=reason, now=timezone.now())
    for path in ("", "instructions/", "questions/", "debriefing/", "code/"):
        assert read_codes(visitor.open(visitor.entry + path)) == [outcome]
    assert Response.objects.count() == 1  # what they gave is kept
    again = visit(study)
    assert read_codes(again.page) == [outcome]
    assert "Withdraw" in again.open(f"{visitor.entry}withdraw/").text


def test_a_failed_check_is_thanked_and_paid_as_any_other_and_told_apart_by_its_code_alone():
    failed, passed = make_study(checks=CHECK), make_study(slug="other", checks=CHECK)
    pages = []
    for study, answer in ((failed, "768"), (passed, "")):
        visitor = visit(study)
        visitor.start()
        while visitor.page.step == "item":
            visitor.send(judgment="4")
        pages.append(visitor.send(looked_up="no", internet_check_answer=answer))
    assert [read_codes(page) for page in pages] == [["failed_checks"], ["complete"]]
    first, second = (page.text.partition("Who wrote what you read")[0] for page in pages)
    assert first.replace(CODES["failed_checks"], "") == second.replace(CODES["complete"], "")
    assert not re.search("reject|fail|check", first.replace(CODES["failed_checks"], ""), flags=re.IGNORECASE)


def test_a_failed_check_without_an_end_of_its_own_ends_as_a_completion():
    study = make_launched(recruitment={"platform": "prolific", "completion_code": CODES["complete"]}, checks=CHECK)
    visitor = visit(study)
    visitor.start()
    while visitor.page.step == "item":
        visitor.send(judgment="4")
    assert read_codes(visitor.send(looked_up="no", internet_check_answer="768")) == ["complete"]
    assert visitor.participant.excluded


def test_whose_place_was_given_away_is_shown_that_the_study_is_full():
    study = make_study(targets={"participants_per_cell": 1})
    early = visit(study)
    early.start()
    Participant.objects.update(status="dropped_out")
    for number in range(6):
        participation.enrol(
            study, platform="prolific", arrival=Arrival(f"p{number}"), rng=random.Random(1), now=timezone.now()
        )
    page = early.open(early.entry)
    assert "Your place was given away" in page.text
    assert read_codes(page) == ["quota_full"]


def test_without_declared_ends_nobody_is_shown_a_code_but_what_to_do():
    study = make_launched(recruitment={"platform": "prolific", "completion_code": CODES["complete"]})
    page = visit(study).send(agree="no")
    assert read_codes(page) == []
    assert "return your submission on Prolific" in page.text


def test_who_withdraws_is_shown_no_code(study):
    visitor = visit(study)
    visitor.start()
    page = visitor.send(to=f"{visitor.entry}withdraw/")
    assert read_codes(page) == []
    assert read_codes(visitor.open(f"{visitor.entry}code/")) == []


def test_a_simulated_participant_is_shown_no_code(study):
    from studyapp.passes import sign_pass

    visitor = Visitor(study, simulated=sign_pass(study, platform="simulated", name="1"))
    assert read_codes(visitor.finish()) == []


# --- never before its time -----------------------------------------------------------------------------------------
def test_no_byte_of_any_page_holds_a_code_before_its_end():
    study = make_study(checks=CHECK)
    visitor = visit(study)
    seen = bytearray()

    def look(path):
        answer = visitor.client.get(path, follow=True)
        for part in (answer, *(Client().get(path),)):
            seen.extend(part.content + str(part.headers).encode() + str(part.cookies).encode())

    query = f"?PROLIFIC_PID={PROLIFIC_ID}&SESSION_ID={SESSION}"
    for _ in range(20):
        for path in ("", query, "continue/", "code/", f"code/{query}", "debriefing/", "withdraw/", "questions/"):
            look(visitor.entry + path)
        if visitor.page.step == "questions":
            break
        if "arrival" in visitor.page.fields:
            visitor.agree()
        elif visitor.page.step == "item":
            visitor.send()  # no answer: the page comes again with its error
            seen.extend(visitor.page.text.encode())
            visitor.send(judgment="3")
        else:
            visitor.send()
    assert visitor.page.step == "questions"
    visitor.send(internet_check_answer="768")  # a question is still open
    seen.extend(visitor.page.text.encode())
    assert [name for name, code in CODES.items() if code.encode() in seen] == []
    assert b"submissions/complete" not in seen
    visitor.send(looked_up="no", internet_check_answer="768")
    assert read_codes(visitor.page) == ["failed_checks"]  # its own and no other


@pytest.mark.parametrize("path", ["static/participant_site/keys.js", "static/participant_site/rater.css"])
def test_no_script_or_style_holds_a_code(path):
    text = (site.BASE_DIR / "studyapp" / path).read_text()
    assert "submissions/complete" not in text


def test_the_last_answer_is_committed_before_a_code_is_on_a_page(study):
    visitor = visit(study)
    visitor.start()
    while visitor.page.step == "item":
        visitor.send(judgment="3")
    answer = visitor.client.post(f"{visitor.entry}questions/", {"looked_up": "no"})
    assert (answer.status_code, CODES["complete"].encode() in answer.content) == (302, False)
    assert visitor.participant.status == "completed"  # before any page with the code was asked for
    assert find_link(fetch(visitor.client, study, "debriefing/")) == [
        f"https://app.prolific.com/submissions/complete?cc={CODES['complete']}"
    ]


def test_no_page_leads_away_by_itself(study):
    visitor = visit(study)
    visitor.finish()
    for path in ("", "continue/", "debriefing/", "code/"):
        answer = visitor.client.get(visitor.entry + path)
        assert not answer.get("Location", "/").startswith("http")
        assert "Refresh" not in answer
        assert b"http-equiv" not in answer.content


# --- once more, and lost -------------------------------------------------------------------------------------------
def test_who_has_finished_sees_their_own_code_again_by_cookie_by_link_and_on_the_page_for_lost_codes(study):
    visitor = visit(study)
    visitor.finish()
    close_study(study, now=NOW)
    stranger, query = Client(), {"PROLIFIC_PID": PROLIFIC_ID, "SESSION_ID": "b" * 24}
    pages = [
        fetch(visitor.client, study),
        fetch(visitor.client, study, "code/"),
        fetch(Client(), study, **query),
        fetch(stranger, study, "code/", **query),
        fetch(stranger, study, "code/"),
    ]
    for page in pages:
        assert [name for name, code in CODES.items() if code in page] == ["complete"]
    assert Response.objects.count() == 4
    assert PlatformIdentity.objects.get().session_id == "b" * 24


def test_the_page_for_lost_codes_tells_the_others_what_to_do(study):
    visitor = visit(study)
    assert "We do not know this browser" in fetch(Client(), study, "code/")
    assert "no Prolific ID" in fetch(Client(), study, "code/", PROLIFIC_PID="x")
    visitor.start()
    assert "There is no code yet" in fetch(visitor.client, study, "code/")
    assert Participant.objects.count() == 1


def test_two_people_at_one_computer_get_their_own_places_and_ends(study):
    first = visit(study)
    first.finish()
    second = Visitor(study, client=first.client, PROLIFIC_PID="b" * 24, SESSION_ID="c" * 24)
    assert "arrival" in second.page.fields  # not the first one's end
    second.agree()
    assert Participant.objects.count() == 2


@pytest.mark.parametrize("parameters", [{}, {"PROLIFIC_PID": ""}])
def test_a_link_without_an_id_leads_a_browser_that_is_known_to_its_place(study, parameters):
    visitor = visit(study)
    place = visitor.start().url
    assert visitor.open(visitor.entry, **parameters).url == place


def test_a_newer_submission_is_the_one_that_is_kept_and_a_link_without_one_keeps_the_old(study):
    visit(study).start()
    Visitor(study, PROLIFIC_PID=PROLIFIC_ID, SESSION_ID="d" * 24, STUDY_ID="e" * 24)
    Visitor(study, PROLIFIC_PID=PROLIFIC_ID)
    identity = PlatformIdentity.objects.get()
    assert (identity.session_id, identity.captured) == ("d" * 24, {"STUDY_ID": "e" * 24})
    assert Participant.objects.count() == 1


def test_a_process_that_is_killed_between_an_answer_and_its_redirect_loses_nothing(study):
    visitor = visit(study)
    visitor.start()
    person = visitor.participant
    for trial in person.trials.order_by("position"):
        answer_trial(trial, Answer(Judgment(2), None, ""), now=timezone.now())  # stored; the browser heard nothing
    assert visitor.open(visitor.page.url).step == "questions"
    participation.complete(person, EndAnswers(looked_up=False, internet_check_answer=""), now=timezone.now())
    page = visitor.send(looked_up="yes")  # the browser sends it once more
    assert (page.step, read_codes(page)) == ("debriefing", ["complete"])
    assert visitor.participant.looked_up is False


def test_whoever_is_at_work_when_the_last_place_goes_finishes_and_is_paid():
    study = make_study(targets={"participants_per_cell": 1})
    inside = visit(study)
    inside.start()
    for number in range(5):
        participation.enrol(
            study, platform="prolific", arrival=Arrival(f"p{number}"), rng=random.Random(1), now=timezone.now()
        )
    assert read_codes(Visitor(study, PROLIFIC_PID="b" * 24).agree()) == ["quota_full"]
    assert read_codes(inside.finish()) == ["complete"]


# --- previews ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_preview_says_what_it_is_shows_no_article_and_stores_nothing(study, answer):
    visitor = Visitor(study, PROLIFIC_PID="{{%PROLIFIC_PID%}}", SESSION_ID="{{%SESSION_ID%}}")
    assert "This is a preview" in visitor.page.text
    page = visitor.send(agree=answer)
    assert "This is a preview" in page.text
    assert ("Very likely written by a human" in page.text) is (answer == "yes")
    assert read_codes(page) == []
    assert "story" not in page.text
    assert Participant.objects.count() == 0
    assert not [name for name in visitor.client.cookies if name.startswith("byline")]


def test_a_researcher_who_took_part_sees_the_preview_all_the_same(study):
    visitor = visit(study)
    visitor.start()
    assert "This is a preview" in visitor.open(visitor.entry, PROLIFIC_PID="{{%PROLIFIC_PID%}}").text


# --- other platforms -----------------------------------------------------------------------------------------------
def test_sona_grants_credit_by_a_link_with_the_code_of_the_sign_up():
    settings = {"host": "lab.sona-systems.com", "experiment_id": "12", "credit_token": "abc"}
    study = make_launched(recruitment={"platform": "sona", "settings": settings})
    visitor = Visitor(study, survey_code="4711")
    visitor.finish()
    page = fetch(visitor.client, study, "debriefing/")
    link = (
        "https://lab.sona-systems.com/webstudy_credit.aspx?experiment_id=12&amp;credit_token=abc&amp;survey_code=4711"
    )
    assert link in page
    assert "<code" not in page


def test_a_panels_links_carry_what_its_link_brought():
    study = make_launched(
        recruitment={
            "platform": "panel", "hosts": ["panel.example.com"],
            "settings": {"id_param": "RID", "capture": ["wave"], "title": "Panel Co"},
            "outcomes": {name: f"https://panel.example.com/{name}?rid={{id}}&w={{wave}}"
                         for name in ("complete", "no_consent")},
        }
    )  # fmt: skip
    declined = Visitor(study, RID="r/2", wave="<b>")
    html = declined.client.post(declined.page.action, {**declined.page.fields, "agree": "no"}).content.decode()
    assert 'href="https://panel.example.com/no_consent?rid=r%2F2&amp;w=%3Cb%3E"' in html
    assert "Go back to Panel Co" in html
    visitor = Visitor(study, RID="r/1", wave="2")
    visitor.finish()
    html = fetch(visitor.client, study, "debriefing/")
    assert 'href="https://panel.example.com/complete?rid=r%2F1&amp;w=2"' in html


def test_an_open_study_may_show_a_code_of_its_own():
    study = make_launched(recruitment={"completion_code": "THANKS1"})
    visitor = Visitor(study)
    assert "THANKS1" not in visitor.page.text
    assert "Your code: THANKS1" in " ".join(visitor.finish().text.split())
