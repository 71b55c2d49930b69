import pytest

from studyapp.recruitment import Outcome, choose_outcome


@pytest.mark.parametrize(
    ("status", "reason", "exclusions", "outcome"),
    [
        ("enrolled", "", [], None),
        ("withdrawn", "", [], None),
        ("completed", "", [], Outcome.COMPLETE),
        ("completed", "", ["internet_check"], Outcome.FAILED_CHECKS),
        ("completed", "", ["looked_up"], Outcome.COMPLETE),  # they were told that either answer is fine
        ("completed", "", ["looked_up", "internet_check"], Outcome.FAILED_CHECKS),
        ("completed", "", ["attention"], Outcome.FAILED_CHECKS),
        ("completed", "", ["comprehension"], Outcome.COMPLETE),  # panels allow it as no ground at all
        ("completed", "", ["too_fast", "same_answer", "incomplete", "dont_know_share"], Outcome.COMPLETE),
        ("screened_out", "not a reader", [], Outcome.SCREEN_OUT),
        ("screened_out", "device", [], Outcome.DEVICE),
        ("screened_out", "error", [], Outcome.ERROR),
        ("dropped_out", "", [], Outcome.QUOTA_FULL),
    ],
)
def test_every_participation_has_the_end_that_it_came_to(status, reason, exclusions, outcome):
    assert choose_outcome(status=status, screen_out_reason=reason, exclusion_reasons=exclusions) is outcome
