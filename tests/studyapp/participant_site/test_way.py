"""From the first page to the last: the server keeps the place, and nothing is lost or doubled on the way."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from studyapp.domain.progress import Step
from studyapp.models import Participant, PlatformIdentity, Response, Trial
from studyapp.participant_site import items
from studyapp.participant_site import visitor as visitor_module
from tests.studyapp.participant_site.visitors import PROLIFIC_ID, Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
MAX_QUERIES = 12


@pytest.fixture
def study():
    return make_launched()


@pytest.fixture
def visitor(study):
    return Visitor(study)


def test_from_consent_to_debriefing(visitor):
    visitor.start()
    seen = []
    while visitor.page.step == "item":
        seen.append(visitor.page.code)
        visitor.send(judgment="2", seen_before="no", comment=" a comment ")
    assert visitor.page.step == "questions"
    page = visitor.send(looked_up="yes")
    assert page.step == "debriefing"
    person = visitor.participant
    assert (person.status, person.looked_up) == ("completed", True)
    assert seen == list(person.trials.order_by("position").values_list("code", flat=True))
    assert set(Response.objects.values_list("judgment", "seen_before", "comment")) == {(2, False, "a comment")}
    assert person.debriefed_at is not None


@pytest.mark.parametrize("path", ["", "continue/", "instructions/", "questions/", "debriefing/", "item/nonsense/"])
def test_every_address_leads_to_the_open_article(visitor, path):
    visitor.start()
    visitor.send(judgment="1")
    place = visitor.page.url
    assert visitor.open(visitor.entry + path).url == place
    assert Response.objects.count() == 1


def test_a_reload_and_the_back_button_show_the_place(visitor):
    first = visitor.start()
    assert visitor.open(first.url).url == first.url  # a reload
    second = visitor.send(judgment="5")
    assert second.url != first.url
    assert visitor.open(first.url).url == second.url  # back


def test_the_page_is_never_kept_by_the_browser(visitor):
    visitor.start()
    assert "no-store" in visitor.client.get(visitor.page.url)["Cache-Control"]


def test_an_answer_sent_twice_is_stored_once_and_the_first_stands(visitor):
    first = visitor.start()
    visitor.send(judgment="5")
    second = visitor.page
    visitor.send(to=first.url, judgment="1")
    assert visitor.page.url == second.url
    assert list(Response.objects.values_list("trial__code", "judgment")) == [(first.code, 5)]


def test_two_tabs_lose_nothing(visitor, study):
    visitor.start()
    tabs = [Visitor(study, client=visitor.client) for _ in range(2)]
    assert tabs[0].page.url == tabs[1].page.url
    tabs[0].send(judgment="4")
    tabs[1].send(judgment="2")  # of the article that the other tab has answered
    assert tabs[0].page.url == tabs[1].page.url
    assert Response.objects.get().judgment == 4


@pytest.mark.parametrize("judgment", [None, "", "0", "6", "human", "3.5"])
def test_no_answer_and_no_such_answer_are_told_and_not_stored(visitor, judgment):
    place = visitor.start().url
    page = visitor.send(comment="kept", **({} if judgment is None else {"judgment": judgment}))
    assert page.url == place
    assert "choose one" in page.text or "not one of the available choices" in page.text
    assert "kept" in page.text
    assert Response.objects.count() == 0


def test_a_comment_that_is_too_long_is_told_and_not_cut(visitor):
    visitor.start()
    page = visitor.send(judgment="4", comment="x" * 10_000)
    assert "at most" in page.text
    assert Response.objects.count() == 0


def test_the_last_questions_want_an_answer(visitor):
    visitor.start()
    while visitor.page.step == "item":
        visitor.send(judgment="3")
    page = visitor.send()
    assert page.step == "questions"
    assert "either is fine" in page.text
    assert visitor.participant.status == "enrolled"


def test_nobody_reaches_anothers_trial(visitor, study):
    theirs = visitor.start()
    stranger = Visitor(study)
    own = stranger.start()
    assert stranger.open(theirs.url).url == own.url
    stranger.send(to=theirs.url, judgment="1")
    assert stranger.page.url == own.url
    assert Response.objects.count() == 0


def test_nobody_reaches_a_trial_out_of_turn(visitor):
    first = visitor.start()
    later = Trial.objects.get(position=3)
    assert visitor.open(f"{visitor.entry}item/{later.code}/").url == first.url
    visitor.send(to=f"{visitor.entry}item/{later.code}/", judgment="1")
    assert Response.objects.count() == 0


def test_without_a_cookie_or_with_a_forged_one_every_page_is_the_entry(visitor, study):
    visitor.start()
    code = visitor.participant.code
    for cookie in (None, code, f"{code}:forged"):
        client = Client()
        if cookie:
            client.cookies[f"byline-{study.slug}"] = cookie
        stranger = Visitor(study, client=client)
        assert "arrival" in stranger.open(visitor.page.url).fields
    assert Participant.objects.count() == 1


def test_a_cookie_of_one_study_is_nobody_in_another(visitor):
    visitor.start()
    other = make_launched(slug="other")
    stolen = Client()
    stolen.cookies[f"byline-{other.slug}"] = visitor.client.cookies[f"byline-{visitor.study.slug}"].value
    assert "arrival" in Visitor(other, client=stolen).page.fields


def test_who_completed_sees_the_code_again_and_answers_nothing_more():
    study = make_launched(recruitment={"platform": "prolific", "completion_code": "C1A2B3"})
    visitor = Visitor(study, PROLIFIC_PID=PROLIFIC_ID)
    assert "C1A2B3" in visitor.finish().text
    again = Visitor(study, PROLIFIC_PID=PROLIFIC_ID)
    assert again.page.step == "debriefing"
    assert "C1A2B3" in again.page.text
    again.send(to=f"{visitor.entry}questions/", looked_up="yes")
    assert visitor.participant.looked_up is False
    assert Response.objects.count() == 4


def test_withdrawing_deletes_what_was_given():
    study = make_launched(recruitment={"platform": "prolific", "completion_code": "C1A2B3"})
    visitor = Visitor(study, PROLIFIC_PID=PROLIFIC_ID)
    visitor.start()
    visitor.send(judgment="4", comment="a secret")
    assert "Withdraw and delete" in visitor.open(f"{visitor.entry}withdraw/").text
    assert Response.objects.count() == 1  # asking is not withdrawing
    page = visitor.send(to=f"{visitor.entry}withdraw/")
    assert "Your answers were deleted" in page.text
    assert (Response.objects.count(), Trial.objects.count(), PlatformIdentity.objects.count()) == (0, 0, 0)
    assert visitor.participant.status == "withdrawn"
    assert "You have withdrawn" in Visitor(study, PROLIFIC_PID=PROLIFIC_ID).page.text
    assert Participant.objects.count() == 1


def test_who_comes_back_after_a_long_time_goes_on_if_there_is_room(visitor):
    place = visitor.start().url
    Participant.objects.update(status="dropped_out")
    assert visitor.open(visitor.entry).url == place
    assert visitor.participant.status == "enrolled"


def test_who_comes_back_to_a_full_cell_is_told():
    study = make_launched(targets={"participants_per_cell": 1})
    early = Visitor(study)
    early.start()
    Participant.objects.update(status="dropped_out")
    for _ in range(6):
        Visitor(study).agree()
    assert "Your place was given away" in early.open(early.entry).text


def test_an_answered_page_takes_few_queries(visitor):
    page = visitor.start()
    with CaptureQueriesContext(
        connection,
    ) as answering:
        answer = visitor.client.post(page.url, {"judgment": "2"})
    assert answer.status_code == 302
    assert len(answering) <= MAX_QUERIES, [query["sql"] for query in answering]
    with CaptureQueriesContext(connection) as showing:
        visitor.client.get(answer.url)
    assert len(showing) <= MAX_QUERIES, [query["sql"] for query in showing]


@pytest.mark.parametrize("questions", [[], [{"name": "thoughts", "text": "Why?", "type": "short_text"}]])
def test_the_last_answer_completes_where_nothing_is_asked_at_the_end(questions):
    visitor = Visitor(make_launched(n_items=2, checks={"looked_up": False}, questions=questions))
    visitor.start()
    while visitor.page.step == "item":
        visitor.send(judgment="2")
    if questions:
        assert visitor.page.step == "more-questions"
        visitor.send(q_thoughts="I guessed.")
    assert visitor.page.step == "debriefing"
    person = visitor.participant
    assert (person.status, person.looked_up) == ("completed", None)
    assert visitor.open(f"{visitor.entry}questions/").step == "debriefing"


def test_two_clicks_that_meet_at_the_last_article_both_come_to_the_questions(visitor, monkeypatch):
    """The second has been let in as somebody with an open article when the first stores the last answer."""
    visitor.start()
    while visitor.page.step == "item":
        last = visitor.page.url
        visitor.send(judgment="2")
    steps = iter([Step.ITEM, Step.ITEM])
    monkeypatch.setattr(visitor_module, "locate", lambda participant: next(steps, Step.QUESTIONS))
    monkeypatch.setattr(items, "locate", lambda participant: next(steps, Step.QUESTIONS))
    assert visitor.open(last).step == "questions"
    assert Response.objects.count() == 4
