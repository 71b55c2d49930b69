from dataclasses import replace

import pytest

from studyapp.domain.launch_checklist import check_launch, find_unacknowledged, may_launch
from tests.studyapp.domain.launch_studies import ARM, CONTROL, READY


def find(facts, level):
    return [finding.message for finding in check_launch(facts) if finding.level == level]


def test_a_ready_study_is_neither_refused_nor_warned():
    assert may_launch(check_launch(READY))
    assert find(READY, "warn") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "launched"}, "only a draft"),
        ({"n_items": 1}, "1 item; two forms need at least 2"),
        ({"consent": " "}, "consent text is empty"),
        ({"debriefing": ""}, "debriefing text is empty"),
        ({"question": ""}, "question text is empty"),
        ({"arms": ()}, "no arm"),
        ({"arms": (CONTROL, replace(ARM, jobs_unfinished=2))}, "small: 2 texts to come"),
        ({"arms": (CONTROL, replace(ARM, stimuli=58))}, "small: 2 of 60 items have no model text"),
        ({"human_stimuli": 0}, "60 items without a human text"),
        ({"forms_balanced": False}, "missing or unbalanced"),
        ({"platform_gaps": ("BYLINE_PANEL_SECRET is not set",)}, "BYLINE_PANEL_SECRET is not set"),
        ({"platform": "prolific", "reward": "USD 3"}, "USD 6.00 an hour, at 30 minutes; less than the least"),
    ],
)
def test_what_makes_a_study_impossible_refuses_it_and_says_why(change, message):
    facts = replace(READY, **change)
    assert not may_launch(check_launch(facts))
    assert any(message in text for text in find(facts, "refuse"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_items": 25, "human_stimuli": 25}, "fewer than 50"),
        ({"n_context": 0}, "No context articles"),
        ({"arms": (ARM,)}, "No control arm"),
        ({"arms": (CONTROL, replace(ARM, n_params=None))}, "left out of the size curve"),
        (
            {"arms": (CONTROL, replace(ARM, flags=("unfinished", "cut_at_limit", "unfinished")))},
            "cut off at the limit of tokens (1), ends in the middle of a sentence (2)",
        ),
        ({"contact": " "}, "nobody to write to"),
        ({"contact": " "}, "does not seem to say: whom to ask (a contact)"),
        ({"minutes_needed": 12.2}, "about 30 minutes, and “USD 6”. Reading and answering should take about 12"),
        ({"minutes_needed": 46}, "should take about 46"),
        ({"reward": "USD 60"}, "USD 120.00 an hour, at 30 minutes; 10.0 times the recommended USD 12.00"),
        ({"site_url": "http://localhost:8000"}, "only this machine reaches"),
        ({"stand_in_items": 60}, "machine-written stand-ins"),
        ({"consent": "Please click."}, "that it is research"),
        ({"language": "de"}, "only checked in English, not de"),
        ({"items_looked_at": 57}, "3 of 60 items have texts that nobody has looked at"),
        ({"items_flagged": 2}, "2 items flagged"),
        ({"reward": "USD 3"}, "less than the least of USD 8.00"),
        ({"reward": "£3.50"}, "below the recommended GBP 9.00"),
        ({"reward": "12 EUR"}, "no least pay is known here for EUR"),
        ({"reward": " "}, "No payment is promised: set the reward (30 minutes are worth USD 6.00 or GBP 4.50 at the"),
        ({"reward": "a voucher", "platform": "prolific"}, "names no single sum"),
        ({"participants_per_cell": 5}, "find a difference from the control of"),
    ],
)
def test_what_weakens_a_study_warns(change, message):
    assert any(message in text for text in find(replace(READY, **change), "warn"))


@pytest.mark.parametrize("minutes", [20.0, 45.0])
def test_minutes_near_what_the_texts_take_are_no_finding(minutes):
    assert find(replace(READY, minutes_needed=minutes), "warn") == []


def test_a_study_without_a_panel_may_say_that_it_pays_nothing():
    assert find(replace(READY, reward="nothing: this is a demonstration"), "warn") == []


def test_a_warning_is_acknowledged_by_its_own_words():
    few, fewer = (check_launch(replace(READY, n_context=0, items_looked_at=n)) for n in (57, 56))
    keys = {finding.key for finding in few if finding.level == "warn"}
    assert len(keys) == 2
    assert find_unacknowledged(few, keys) == []
    assert [finding.topic for finding in find_unacknowledged(few, ())] == ["Context", "Review"]
    assert [finding.topic for finding in find_unacknowledged(fewer, keys)] == ["Review"]  # it says something else now
