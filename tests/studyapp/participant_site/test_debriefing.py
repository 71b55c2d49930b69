"""After the last answer: the list, the own score, the second question, and the way back."""

import re

import pytest
from django.test import Client

from studyapp.models import Trial
from studyapp.passes import make_return_path
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
PROLIFIC = {"platform": "prolific", "completion_code": "C1A2B3C4"}
PERSON = "5f2b8a9c1d3e4f5a6b7c8d9e"


def finish(study, **parameters):
    visitor = Visitor(study, **parameters)
    visitor.finish()
    return visitor


def fetch(visitor, step="debriefing"):
    return visitor.client.get(f"{visitor.entry}{step}/", follow=True).content.decode()


def find_way_back(html):
    return re.search(r'class="own-link" href="([^"]+)"', html)[1]


def test_the_list_says_of_every_text_who_wrote_it_and_what_they_said():
    html = fetch(finish(make_launched()))
    rows = re.findall(r"<td[^>]*>(?:<span>)?(.*?)(?:</span>)?</td>", html)
    trials = Trial.objects.order_by("position").select_related("stimulus__item__article")
    writers = {"human": "a person", "model": "a language model"}
    said = "More likely written by a machine"
    assert rows == [cell for t in trials for cell in (str(t.stimulus.item), writers[t.stimulus.source], said)]
    assert "You said of" not in html  # no score unless the study allows it
    assert "Now that you know" not in html


def test_of_a_pair_it_says_which_text_it_was_and_which_was_chosen():
    visitor = Visitor(make_launched(checks={"presentation": "paired"}))
    visitor.start()
    while visitor.page.step == "item":
        visitor.send(choice="1")
    visitor.finish()
    rows = re.findall(r"<td[^>]*>(.*?)</td>", fetch(visitor))
    firsts = Trial.objects.order_by("position").values_list("first", flat=True)
    assert rows[1::3] == ["the first text" if first == "model" else "the second text" for first in firsts]
    assert set(rows[2::3]) == {"Very likely the first text"}


def test_the_own_score_is_told_where_the_study_allows_it():
    visitor = Visitor(make_launched(debriefing={"show_score": True}))
    visitor.start()
    visitor.send(judgment="3")
    visitor.finish(judgment=4)
    right = sum(t.stimulus.source == "model" for t in Trial.objects.filter(position__gt=1).select_related("stimulus"))
    text = " ".join(fetch(visitor).split())
    assert f"You said of 3 texts who wrote them. Right answers: {right}. Once you said that you do not" in text


def test_who_never_said_who_wrote_a_text_is_told_no_score_of_none():
    visitor = Visitor(make_launched(debriefing={"show_score": True}))
    visitor.start()
    visitor.finish(judgment=3)
    html = fetch(visitor)
    assert "You said 4 times that you do not know" in html and "Right answers" not in html


def test_no_page_tells_anything_of_it_before_the_last_answer_is_stored():
    visitor = Visitor(make_launched(debriefing={"show_score": True, "ask_again": True}))
    visitor.start()
    visitor.send(judgment="4")
    for step in ("debriefing", "continue", "code", "withdraw", "questions"):
        html = fetch(visitor, step)
        assert "own-link" not in html and "a language model" not in html, step
    assert visitor.client.post(f"{visitor.entry}agree-again/", {"keep": "yes"}).url == visitor.page.url
    assert visitor.participant.agreed_again_at is None


def test_who_agrees_again_is_asked_once_and_who_does_not_is_led_to_where_answers_are_deleted():
    visitor = finish(make_launched(debriefing={"ask_again": True}))
    assert "Now that you know" in fetch(visitor)
    no = visitor.client.post(f"{visitor.entry}agree-again/", {"keep": "no"})
    assert no.url == f"{visitor.entry}withdraw/"
    assert visitor.participant.status == "completed"  # saying no is asked for once more
    visitor.client.post(f"{visitor.entry}agree-again/", {"keep": "yes"})
    when = visitor.participant.agreed_again_at
    assert when is not None
    html = fetch(visitor)
    assert "Now that you know" not in html and "You have agreed again" in html
    visitor.client.post(f"{visitor.entry}agree-again/", {"keep": "yes"})
    assert visitor.participant.agreed_again_at == when


def test_the_own_link_leads_back_to_page_and_code_from_any_browser():
    study = make_launched(recruitment=PROLIFIC)
    visitor = finish(study, PROLIFIC_PID=PERSON)
    way_back = find_way_back(fetch(visitor))
    stranger = Client()
    assert "C1A2B3C4" not in stranger.get(f"{visitor.entry}code/").content.decode()
    shown = stranger.get(way_back, follow=True)
    assert shown.redirect_chain[-1][0] == f"{visitor.entry}debriefing/"
    assert "C1A2B3C4" in shown.content.decode()
    assert "C1A2B3C4" in stranger.get(f"{visitor.entry}code/").content.decode()
    assert Client().head(way_back).status_code == 302


@pytest.mark.parametrize("change", [lambda path: path[:-4] + "xxx/", lambda path: path.replace("pilot", "other")])
def test_a_link_that_is_not_ours_or_another_studys_leads_nowhere(change):
    make_launched(slug="other")
    way_back = find_way_back(fetch(finish(make_launched(slug="pilot"))))
    answer = Client().get(change(way_back))
    assert answer.status_code == 400
    assert "not one of ours" in answer.content.decode()
    assert not answer.cookies


def test_the_link_of_somebody_who_was_given_none_leads_to_their_place_and_no_further():
    visitor = Visitor(make_launched(recruitment=PROLIFIC), PROLIFIC_PID=PERSON)
    visitor.start()
    shown = Client().get(make_return_path(visitor.participant), follow=True)
    assert shown.redirect_chain[-1][0] == visitor.page.url
    assert "C1A2B3C4" not in shown.content.decode()
