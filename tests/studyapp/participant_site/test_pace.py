"""A study's least reading time: by the server's clock, kindly said, with nothing lost."""

import re

import pytest

from studyapp.models import Response
from tests.studyapp.participant_site.test_reveal import clock  # noqa: F401  (a fixture)
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

KEPT = "<b>Your answer is kept.</b>"
pytestmark = pytest.mark.django_db


def begin(**checks):
    visitor = Visitor(make_launched(checks=checks))
    visitor.start()
    return visitor


def look(visitor):
    return visitor.client.get(visitor.page.url).content.decode()


def test_an_answer_before_the_time_comes_back_as_it_was_and_is_taken_afterwards(clock):  # noqa: F811
    visitor = begin(min_reading_seconds=20)
    here = visitor.page.url
    assert "Seconds until you can go on: 20" in visitor.page.text
    clock(12)
    answer = visitor.client.post(here, {"judgment": "4", "comment": "hasty <b>", "seen_before": "no"})
    content = answer.content.decode()
    assert KEPT in content and ">8</span>" in content
    assert re.findall(r'<input type="radio"[^>]*value="(\w+)"[^>]*checked', content) == ["4", "no"]
    assert "hasty &lt;b&gt;" in content
    assert not Response.objects.exists()
    assert KEPT not in look(visitor)  # a reload is a new page, and the time runs on
    clock(8)
    assert "pace-words" not in look(visitor)
    assert visitor.send(judgment="4").url != here
    assert Response.objects.get().judgment == 4


def test_no_field_and_no_second_tab_brings_the_time_forward(clock):  # noqa: F811
    visitor = begin(min_reading_seconds=20)
    clock(10)
    look(visitor)
    clock(9)
    assert "you can go on: 1" in visitor.send(judgment="4", active_seconds="99", wait="0").text
    assert not Response.objects.exists()


def test_words_set_the_time_where_the_study_says_a_speed(clock):  # noqa: F811
    visitor = begin(max_reading_wpm=300)
    words = Response.trial.field.related_model.objects.get(code=visitor.page.code).stimulus.words
    clock(60 * words / 300 - 1)
    assert "you can go on: 1" in visitor.send(judgment="4").text
    clock(1)
    visitor.send(judgment="4")
    assert Response.objects.count() == 1


def test_a_report_of_a_problem_waits_for_nothing(clock):  # noqa: F811
    visitor = begin(min_reading_seconds=20)
    answer = visitor.client.post(f"{visitor.page.url}problem/", {"problem": "cut", "judgment": "4"})
    assert "your report is stored" in answer.content.decode()
    assert KEPT not in answer.content.decode()


def test_without_the_setting_there_is_no_word_of_it():
    visitor = begin()
    content = look(visitor)
    assert "pace" not in content
    visitor.send(judgment="4")
    assert Response.objects.count() == 1
