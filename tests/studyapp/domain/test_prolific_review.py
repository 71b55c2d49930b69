"""Prolific says, we say: a table of what either can say and what is to be done."""

from datetime import UTC, datetime, timedelta

import pytest

from studyapp.domain.prolific_records import SUBMISSION_STATUSES
from studyapp.domain.prolific_review import Pair, review

NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
CODE = "C1A2B3"


def judge(theirs, ours, *, code=CODE, **facts):
    return review([Pair(theirs=theirs, ours=ours, code=code, completion_code=CODE, **facts)], now=NOW)[0]


@pytest.mark.parametrize(
    ("theirs", "ours", "code", "kind", "may_approve", "words"),
    [
        ("AWAITING REVIEW", "completed", CODE, "agrees", True, "right code"),
        ("AWAITING REVIEW", "completed", "NOCODE", "needs a hand", True, "without a code"),
        ("AWAITING REVIEW", "completed", "OTHER1", "needs a hand", True, "not ours"),
        ("AWAITING REVIEW", "enrolled", CODE, "needs a hand", True, "not finished here"),
        ("AWAITING REVIEW", "dropped_out", "NOCODE", "needs a hand", True, "stopped here"),
        ("AWAITING REVIEW", "", CODE, "needs a hand", True, "unknown here"),
        ("AWAITING REVIEW", "screened_out", CODE, "needs a hand", True, "never be rejected"),
        ("AWAITING REVIEW", "withdrawn", CODE, "needs a hand", True, "answers are deleted"),
        ("RESERVED", "", "", "under way", False, "not here yet"),
        ("ACTIVE", "enrolled", "", "under way", False, "at work here"),
        ("ACTIVE", "completed", "", "under way", False, "not handed in there"),
        ("ACTIVE", "withdrawn", "", "needs a hand", False, "ask for a return"),
        ("APPROVED", "completed", CODE, "settled", False, "paid there"),
        ("APPROVED", "", CODE, "settled", False, "unknown here"),
        ("RETURNED", "dropped_out", "", "settled", False, "Returned there"),
        ("RETURNED", "completed", CODE, "needs a hand", False, "a bonus can pay"),
        ("TIMED-OUT", "completed", CODE, "needs a hand", False, "ran out of time"),
        ("SCREENED OUT", "screened_out", "", "settled", False, "Screened out"),
        ("REJECTED", "completed", CODE, "needs a hand", False, "Byline never rejects"),
        ("UNKNOWN", "enrolled", "", "needs a hand", False, "Prolific's own pages"),
        ("SOMETHING NEW", "completed", "", "needs a hand", False, "SOMETHING NEW"),
    ],
)
def test_each_pair_has_its_verdict(theirs, ours, code, kind, may_approve, words):
    verdict = judge(theirs, ours, code=code)
    assert (verdict.kind, verdict.may_approve) == (kind, may_approve)
    assert words in verdict.message


@pytest.mark.parametrize("theirs", [*SUBMISSION_STATUSES, "SOMETHING NEW"])
@pytest.mark.parametrize("ours", ["", "enrolled", "completed", "screened_out", "dropped_out", "withdrawn", "other"])
def test_only_what_is_handed_in_can_be_approved_and_only_what_agrees_in_bulk(theirs, ours):
    verdict = judge(theirs, ours)
    assert verdict.may_approve <= (theirs == "AWAITING REVIEW")
    assert verdict.may_request_return <= (theirs in ("ACTIVE", "AWAITING REVIEW"))
    assert (verdict.kind == "agrees") == (theirs == "AWAITING REVIEW" and ours == "completed")
    assert verdict.message


@pytest.mark.parametrize(("ago", "left"), [(0, 21), (1, 20), (20.5, 0), (30, 0)])
def test_days_are_counted_to_the_automatic_approval(ago, left):
    assert judge("AWAITING REVIEW", "completed", completed_at=NOW - timedelta(days=ago)).days_left == left


def test_no_days_are_counted_for_what_is_settled():
    assert judge("APPROVED", "completed", completed_at=NOW).days_left is None


def test_a_person_who_came_twice_needs_a_hand_in_both_rows_and_is_approved_in_no_bulk():
    pair = Pair(theirs="AWAITING REVIEW", ours="completed", code=CODE, completion_code=CODE, person="p")
    assert [verdict.kind for verdict in review([pair, pair], now=NOW)] == ["needs a hand"] * 2
    returned = Pair(theirs="RETURNED", ours="dropped_out", person="p")
    assert [verdict.kind for verdict in review([pair, returned], now=NOW)] == ["agrees", "settled"]


def test_what_was_asked_and_not_answered_is_not_offered_again():
    verdict = judge("AWAITING REVIEW", "completed", asked="approve", ask_state="unknown")
    assert (verdict.kind, verdict.may_approve) == ("needs a hand", False)
    assert "may have done it" in verdict.message
    assert judge("AWAITING REVIEW", "completed", asked="approve", ask_state="sent").kind == "under way"
