"""Attention checks on the way: a page of their own between articles, once each, and nothing of the articles changes."""

import pytest

from studyapp.actions import participation
from studyapp.actions.attention import answer_check
from studyapp.domain.exclusion import RULES
from studyapp.models import Participant, Response
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db
CHECKS = [{"standard": "choose-machine", "after": 1}, {"standard": "nonsense", "after": 3}]


@pytest.fixture
def visitor():
    visitor = Visitor(make_launched(attention=CHECKS, checks={"exclusion_rules": ["attention"]}))
    visitor.start()
    return visitor


def answer_article(visitor, judgment="2"):
    assert visitor.page.step == "item"
    return visitor.send(judgment=judgment)


def test_a_check_comes_at_its_place_with_the_five_answers_and_tells_what_to_choose(visitor):
    page = answer_article(visitor)
    assert page.url.endswith("/attention/1/")
    assert page.choices["answer"] == ["1", "2", "3", "4", "5"]
    assert "please choose “Very likely written by a machine” here" in page.text
    assert "1 of 4 articles done" in page.text
    assert answer_article_after(visitor, answer="5").step == "item"
    answer_article(visitor)
    page = answer_article(visitor)
    assert page.url.endswith("/attention/2/")
    assert page.choices["answer"] == ["1", "2"]
    visitor.send(answer="2")
    assert visitor.finish().step == "debriefing"
    person = visitor.participant
    assert [given["answer"] for given in person.attention_answers] == [5, 2]
    assert all(given["shown_at"] < given["answered_at"] for given in person.attention_answers)
    assert (person.excluded, Response.objects.count()) == (False, 4)


def answer_article_after(visitor, *, answer):
    return visitor.send(answer=answer)


def test_any_other_address_leads_to_the_check_and_none_leads_back_to_it(visitor):
    first = visitor.page.url
    answer_article(visitor)
    check = visitor.page
    for path in (first, "questions/", "debriefing/", "attention/2/", "attention/9/", "item/nonsense/"):
        address = path if path.startswith("/") else visitor.entry + path
        assert visitor.open(address).url == check.url, path
    visitor.open(check.url)
    article = visitor.send(answer="4").url
    for path in (check.url, f"{visitor.entry}attention/2/"):
        assert visitor.open(path).url == article
    assert visitor.send(to=check.url, answer="5").url == article  # a second tab, or the back button
    assert [given["answer"] for given in visitor.participant.attention_answers] == [4]


@pytest.mark.parametrize("answers", [{}, {"answer": "6"}, {"answer": "x"}])
def test_an_answer_that_is_missing_or_none_is_told(visitor, answers):
    answer_article(visitor)
    page = visitor.send(**answers)
    assert page.step == "attention"
    assert "Please choose an answer." in page.text or "not one of the available choices" in page.text
    assert visitor.participant.attention_answers[0]["answer"] is None


def test_one_can_stop_at_a_check_and_what_was_answered_is_deleted(visitor):
    answer_article(visitor)
    visitor.send(answer="1")
    answer_article(visitor)
    answer_article(visitor)
    assert visitor.open(f"{visitor.entry}withdraw/").step == "withdraw"
    visitor.send()
    assert visitor.participant.attention_answers == []


def fail(visitor, *, times):
    while visitor.page.step != "questions":
        if visitor.page.step == "attention":
            visitor.send(answer="1" if times > 0 else str(len(visitor.page.choices["answer"])))
            times -= 1
        else:
            answer_article(visitor)
    visitor.send(looked_up="no")
    return visitor.participant


@pytest.mark.parametrize(("times", "excluded"), [(1, False), (2, True)])
def test_one_that_is_failed_counts_for_nothing_and_two_leave_the_answers_out(visitor, times, excluded):
    person = fail(visitor, times=times)
    assert visitor.page.step == "debriefing"  # as everybody's
    assert (person.status, person.excluded) == ("completed", excluded)
    facts = {"attention": {"failed": 2, "asked": 2, "fails_from": 2}}
    assert person.exclusion_facts == (facts if excluded else {})
    assert Response.objects.count() == 4


def test_a_check_after_more_articles_than_there_are_comes_after_the_last(visitor):
    study = visitor.study
    study.attention = [{**study.attention[0], "after": 99}]
    study.save()
    for _ in range(3):
        answer_article(visitor)
    assert answer_article(visitor).url.endswith("/attention/1/")
    with pytest.raises(participation.EnrolmentRefusedError):
        participation.complete(visitor.participant, participation.EndAnswers(None, ""), now=NOW)
    assert not answer_check(visitor.participant, number=2, answer=1, now=NOW)
    assert answer_check(visitor.participant, number=1, answer=5, now=NOW)
    assert not answer_check(visitor.participant, number=1, answer=1, now=NOW)
    assert visitor.open(visitor.entry).step == "questions"


def test_the_rules_on_careless_raters_decide_at_completion_from_stored_facts():
    rules = [rule for rule in RULES if rule not in ("attention", "internet_check", "comprehension")]
    visitor = Visitor(make_launched(checks={"exclusion_rules": rules}))
    visitor.start()
    visitor.finish(judgment=3)
    person = Participant.objects.get()
    assert person.exclusion_reasons == ["too_fast", "same_answer", "dont_know_share"]
    assert person.exclusion_facts["too_fast"]["share_too_fast"] == 1.0
    assert person.exclusion_facts["same_answer"] == {"longest_run": 4, "answers": 4, "run": 4}
    assert Response.objects.filter(judgment=3).count() == 4  # raw facts stay


def test_who_leaves_before_the_end_is_incomplete_and_is_not_once_they_come_back():
    study = make_launched(checks={"exclusion_rules": ["incomplete"]}, exclusion={"incomplete_share": 0.5})
    visitor = Visitor(study)
    visitor.start()
    answer_article(visitor)
    person = visitor.participant
    participation.free_places(study, now=person.last_seen_at.replace(year=person.last_seen_at.year + 1))
    person.refresh_from_db()
    assert (person.status, person.excluded) == ("dropped_out", True)
    assert person.exclusion_facts == {"incomplete": {"answered": 1, "texts": 4, "least_share": 0.5}}
    assert visitor.open(visitor.entry).step == "item"
    person.refresh_from_db()
    assert (person.status, person.excluded, person.exclusion_facts) == ("enrolled", False, {})
    answer_article(visitor)
    assert participation.leave_by_platform(person, reason="gone", now=NOW)
    assert not Participant.objects.get().excluded  # half is enough here


def test_a_side_that_is_chosen_throughout_is_seen_in_a_paired_study():
    study = make_launched(checks={"presentation": "paired", "exclusion_rules": ["same_answer"]})
    visitor = Visitor(study)
    visitor.start()
    while visitor.page.step == "item":
        visitor.send(choice="1")
    visitor.send(looked_up="no")
    assert set(Response.objects.values_list("judgment", flat=True)) == {1, 5}
    assert visitor.participant.exclusion_reasons == ["same_answer"]
