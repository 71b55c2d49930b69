"""The questions about the instructions: two tries, no pay at stake, and the right answers nowhere in the page."""

import pytest

from studyapp.models import Participant
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
QUESTIONS = [
    {"question": "What is asked?", "choices": ["whether it is true", "who wrote it", "whether I like it"],
     "answer": "who wrote it"},
    {"question": "What if you cannot tell?", "choices": ["say so", "look it up"], "answer": "say so"},
]  # fmt: skip
RIGHT = {"question_0": "1", "question_1": "0"}
WRONG = {"question_0": "2", "question_1": "0"}


@pytest.fixture
def visitor():
    visitor = Visitor(make_launched(comprehension=QUESTIONS))
    visitor.start()
    return visitor


def test_they_come_after_the_instructions_and_before_the_first_article(visitor):
    assert visitor.page.step == "comprehension"
    assert "You have 2 tries" in visitor.page.text
    assert visitor.open(f"{visitor.entry}item/nonsense/").step == "comprehension"
    assert visitor.send(**RIGHT).step == "item"
    assert visitor.participant.comprehension_passed is True
    assert visitor.open(f"{visitor.entry}comprehension/").step == "item"


def test_a_wrong_answer_is_named_without_the_right_one_and_tried_again(visitor):
    page = visitor.send(**WRONG)
    assert page.step == "comprehension"
    assert "there is 1 more try" in page.text
    content = page.text
    assert content.count("This is not right yet") == 2  # above the form, and at its question
    assert "What is asked? – This is not right yet" in content
    assert content.index("Read.") < content.rindex("This is not right yet") < content.index("cannot tell?")
    assert "reward stays the same" in content
    assert visitor.send(**RIGHT).step == "item"
    assert (visitor.participant.comprehension_passed, visitor.participant.comprehension_tries) == (True, 2)


def test_who_fails_every_try_goes_on_and_finishes_as_everybody(visitor):
    visitor.send(**WRONG)
    assert visitor.send(**WRONG).step == "item"
    assert visitor.finish().step == "debriefing"
    person = visitor.participant
    assert (person.status, person.comprehension_passed, person.excluded) == ("completed", False, False)


def test_a_try_sent_twice_or_from_two_tabs_is_one(visitor):
    fields = dict(visitor.page.fields)
    for _ in range(3):
        assert visitor.send(**{**fields, **WRONG}).step == "comprehension"
    assert visitor.participant.comprehension_tries == 1


@pytest.mark.parametrize("answers", [{}, {"question_0": "1"}, {"question_0": "7", "question_1": "0"}])
def test_an_answer_that_is_missing_or_none_is_told_and_is_no_try(visitor, answers):
    page = visitor.send(**answers)
    assert page.step == "comprehension"
    assert "Please choose an answer." in page.text or "not one of the available choices" in page.text
    assert visitor.participant.comprehension_tries == 0


def test_the_page_is_the_same_whichever_answer_is_right():
    pages = []
    for number, answer in enumerate(("say so", "look it up")):
        questions = [QUESTIONS[0], {**QUESTIONS[1], "answer": answer}]
        visitor = Visitor(make_launched(comprehension=questions, slug=f"s{number}"))
        visitor.start()
        pages.append(visitor.page.text.replace(f"s{number}", "s"))
    assert pages[0] == pages[1]


def test_somebody_may_withdraw_at_the_questions(visitor):
    assert visitor.open(f"{visitor.entry}withdraw/").step == "withdraw"
    visitor.send(to=f"{visitor.entry}withdraw/")
    assert Participant.objects.get().status == "withdrawn"


def test_a_study_without_questions_has_no_such_page():
    visitor = Visitor(make_launched())
    visitor.start()
    assert visitor.page.step == "item"
    assert visitor.open(f"{visitor.entry}comprehension/").step == "item"
    assert Participant.objects.get().comprehension_passed is None
