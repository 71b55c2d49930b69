"""Reporting that something is wrong with an article, on the way through the study."""

import re

import pytest

from studyapp.models import ProblemReport, Response
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    visitor = Visitor(make_launched())
    visitor.start()
    return visitor


def report(visitor, **fields):
    target = f"{visitor.page.url}problem/"
    return visitor.client.post(target, {**visitor.page.fields, **fields}, follow=True).content.decode()


def test_a_report_is_stored_and_thanked_for_and_what_was_answered_stays(visitor):
    text = report(visitor, problem="It ends in the middle.", judgment="4", seen_before="no", comment="odd",
                  behaviour="12.5")  # fmt: skip
    stored = ProblemReport.objects.get()
    assert (stored.message, stored.trial.code) == ("It ends in the middle.", visitor.page.code)
    assert "Thank you, your report is stored" in text
    assert "Report a problem" not in text
    chosen = re.search(r'<input[^>]*value="4"[^>]*>', text)
    assert "checked" in chosen[0]
    assert text.count(" checked") == 2  # the judgment, and "no" to having seen it
    assert ">\nodd</textarea>" in text and 'value="12.5"' in text
    assert not Response.objects.exists()


def test_the_page_after_a_report_takes_the_answer_as_before(visitor):
    text = report(visitor, problem="")
    assert f'action="{visitor.page.url}"' in text
    visitor.send(judgment="2")
    assert Response.objects.get().judgment == 2
    assert ProblemReport.objects.get().message == ""


def test_the_first_report_stands_and_other_articles_have_none(visitor):
    report(visitor, problem="first")
    report(visitor, problem="second")
    assert ProblemReport.objects.get().message == "first"
    visitor.send(judgment="2")
    assert "Report a problem with this article" in visitor.page.text


def test_only_the_open_article_can_be_reported_and_only_by_its_reader(visitor, client):
    first = visitor.page.url
    visitor.send(judgment="2")
    visitor.client.post(f"{first}problem/", {"problem": "late"})
    client.post(f"{visitor.page.url}problem/", {"problem": "a stranger"})
    assert visitor.client.get(f"{visitor.page.url}problem/").url == visitor.page.url
    assert not ProblemReport.objects.exists()
