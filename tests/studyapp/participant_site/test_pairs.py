"""Two texts side by side: what the page shows, and what the server makes of the choice."""

import pytest

from studyapp.models import Response, Stimulus, Trial
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    visitor = Visitor(make_launched(checks={"presentation": "paired"}))
    visitor.start()
    return visitor


def find_trial(visitor):
    return Trial.objects.select_related("stimulus__item__article", "beside").get(code=visitor.page.code)


def test_both_texts_stand_under_one_title_in_the_order_of_the_form(visitor):
    text = " ".join(visitor.page.text.split())
    trial = find_trial(visitor)
    first, second = (" ".join(stimulus.text.split()) for stimulus in trial.texts)
    assert text.index("First text") < text.index(first) < text.index("Second text") < text.index(second)
    assert text.count(trial.stimulus.item.article.title) == 1
    assert "Pair 1 of 4" in text
    assert "judgment" not in visitor.page.choices


@pytest.mark.parametrize(("choice", "is_first"), [("1", True), ("2", True), ("4", False), ("5", False)])
def test_a_choice_becomes_a_judgment_of_the_models_text(visitor, choice, is_first):
    while visitor.page.step == "item":
        trial = find_trial(visitor)
        visitor.send(choice=choice, seen_before="no", comment="c")
        response = Response.objects.get(trial=trial)
        is_right = (trial.first == "model") == is_first
        assert (response.judgment > 3) is is_right
        assert (response.judgment in (1, 5)) is (choice in "15")
        assert (response.seen_before, response.comment) == (False, "c")
    assert Response.objects.count() == 4


def test_not_knowing_is_an_answer_and_none_is_told(visitor):
    here = visitor.page.url
    page = visitor.send(comment="kept")
    assert page.url == here
    assert "choose one" in page.text and "kept" in page.text
    visitor.send(choice="3")
    assert Response.objects.get().judgment == 3


def test_a_judgment_of_one_text_is_no_answer_here(visitor):
    visitor.send(judgment="5")
    assert not Response.objects.exists()


def test_the_instructions_count_pairs_and_the_debriefing_says_which_was_the_machines():
    visitor = Visitor(make_launched(checks={"presentation": "paired"}))
    visitor.agree()
    assert "There are 4 pairs of texts." in visitor.page.text
    visitor.send()
    while visitor.page.step == "item":
        visitor.send(choice="2")
    text = " ".join(visitor.send(looked_up="no").text.split())
    for trial in Trial.objects.select_related("stimulus__item__article"):
        where = "the first text" if trial.first == "model" else "the second text"
        assert f"{trial.stimulus.item.article.title} {where}" in text


def test_markup_in_either_text_is_shown_as_text(visitor):
    trial = find_trial(visitor)
    for number, stimulus in enumerate(trial.texts):
        Stimulus.objects.filter(pk=stimulus.pk).update(text=f"<i id={number}>x</i>")
    content = visitor.client.get(visitor.page.url).content.decode()
    assert "<i id=" not in content
    assert content.index("&lt;i id=0&gt;") < content.index("&lt;i id=1&gt;")
