"""What a browser measures on the page of a text, what of it is stored, and that nobody can forget to tell of it."""

import json
from datetime import timedelta

import pytest
from django.db.models import F

from studyapp.models import Response, Trial
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
TOLD = "the page also measures how you use it"


def send(visitor, behaviour):
    """An answer after 30 seconds of reading."""
    Trial.objects.exclude(shown_at=None).update(shown_at=F("shown_at") - timedelta(seconds=30))
    visitor.send(judgment="2", behaviour=behaviour)
    return Response.objects.latest("pk")


def test_it_is_told_before_anybody_agrees_and_stored_with_the_answer():
    visitor = Visitor(make_launched())
    assert TOLD in visitor.page.text
    visitor.start()
    said = {"page": 29, "active": 20.5, "losses": 1, "changes": 2, "pastes": 1, "viewport": "wide", "pointer": "fine"}
    stored = send(visitor, json.dumps(said))
    assert (stored.page_seconds, stored.active_seconds, stored.focus_losses) == (29, 20.5, 1)
    assert (stored.answer_changes, stored.pastes, stored.viewport, stored.input_kind) == (2, 1, "wide", "fine")


@pytest.mark.parametrize("junk", ["", "x" * 50_000, "\0", "{", '{"active": 1e9, "losses": -3}', "<script>"])
def test_junk_loses_no_answer(junk):
    visitor = Visitor(make_launched())
    visitor.start()
    stored = send(visitor, junk)
    assert (stored.judgment, stored.active_seconds, stored.focus_losses, stored.viewport) == (2, None, None, "")


def test_a_study_that_does_not_measure_tells_nothing_asks_nothing_and_keeps_nothing():
    visitor = Visitor(make_launched(checks={"behaviour": False}))
    assert TOLD not in visitor.page.text
    visitor.start()
    assert "behaviour" not in visitor.client.get(visitor.page.url).content.decode()
    stored = send(visitor, '{"active": 1, "losses": 0}')
    assert (stored.judgment, stored.active_seconds, stored.focus_losses) == (2, None, None)
