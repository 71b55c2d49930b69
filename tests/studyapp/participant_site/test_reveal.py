"""An article in stages, on the pages: no part is sent before its time, with a script or without."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studyapp.domain.reveal import cut_stages
from studyapp.models import Response, Trial
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_staged

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """The server's clock, moved by hand: `clock(30)` lets 30 seconds pass."""
    passed = 0.0
    true_now = timezone.now

    def advance(seconds):
        nonlocal passed
        passed += seconds

    monkeypatch.setattr(timezone, "now", lambda: true_now() + timedelta(seconds=passed))
    return advance


@pytest.fixture
def visitor():
    visitor = Visitor(make_staged())
    visitor.start()
    return visitor


def read_stages(visitor):
    text = Trial.objects.select_related("stimulus").get(code=visitor.page.code).stimulus.text
    ends = cut_stages(text, n_stages=3)
    return [text[start:end].split() for start, end in zip((0, *ends), ends, strict=False)]


def look(visitor):
    """Which stages have words in the bytes of the page."""
    content = visitor.client.get(visitor.page.url).content.decode()
    return [any(word in content for word in stage) for stage in read_stages(visitor)]


def test_each_part_comes_at_its_time_and_the_question_with_the_last(visitor, clock):
    assert look(visitor) == [True, False, False]
    assert "Part 1 of 3" in visitor.page.text
    assert "judgment" not in visitor.page.choices
    clock(29)
    page = visitor.send()
    assert "It is too early for the next part: 1 second is left." in page.text
    assert look(visitor) == [True, False, False]
    clock(1)
    page = visitor.send()
    assert look(visitor) == [True, True, False]
    assert "Part 2 of 3" in page.text
    assert "too early" not in page.text
    assert "judgment" not in page.choices
    clock(30)
    page = visitor.send()
    assert look(visitor) == [True, True, True]
    assert page.choices["judgment"] == ["1", "2", "3", "4", "5"]
    assert "reveal" not in page.fields
    first = page.url
    assert visitor.send(judgment="4").url != first
    trial = Response.objects.get().trial
    assert [round((moment - trial.shown_at).total_seconds()) for moment in trial.shown_times] == [0, 30, 60]


def test_a_reload_reveals_nothing_and_keeps_what_was_revealed(visitor, clock):
    clock(31)
    assert look(visitor) == [True, False, False]
    visitor.send()
    assert look(visitor) == look(visitor) == [True, True, False]


def test_an_answer_before_the_last_part_is_told_kindly_and_takes_nothing_away(visitor, clock):
    clock(31)
    visitor.send()
    here = visitor.page.url
    for answers in ({"judgment": "4", "comment": "hasty"}, {"judgment": "", "reveal": None}):
        sent = {name: value for name, value in answers.items() if value is not None}
        visitor.page.fields.pop("reveal", None)
        page = visitor.send(**sent)
        assert page.url == here
        assert "so no answer was stored" in page.text
        assert look(visitor) == [True, True, False]
    assert not Response.objects.exists()
    clock(31)
    visitor.open(here)
    visitor.send()
    visitor.send(judgment="4")
    assert Response.objects.get().judgment == 4


@pytest.mark.parametrize("reveal", ["3", "99", "x", "", "-1", "9" * 5000])
def test_no_number_in_the_form_brings_a_part_sooner(visitor, clock, reveal):
    page = visitor.send(reveal=reveal)
    assert "too early" in page.text
    assert look(visitor) == [True, False, False]


def test_a_click_that_comes_twice_is_no_fault(visitor, clock):
    clock(31)
    stale = dict(visitor.page.fields)
    visitor.send()
    page = visitor.send(**stale)
    assert "too early" not in page.text
    assert look(visitor) == [True, True, False]


def test_without_a_wait_every_part_is_a_click_away():
    visitor = Visitor(make_staged(seconds=0))
    visitor.start()
    assert "can be shown now" in visitor.page.text
    visitor.send()
    visitor.send()
    assert "judgment" in visitor.page.choices
