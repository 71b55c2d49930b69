import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.judgment import (
    LABELS,
    MAX_FOCUS_LOSSES,
    PAIR_LABELS,
    Judgment,
    PairChoice,
    bound_activity,
    judge_model_text,
)


def test_the_scale_is_the_published_one_in_its_order():
    assert [int(j) for j in Judgment] == [1, 2, 3, 4, 5]
    assert LABELS[Judgment(1)] == "Very likely written by a human"
    assert LABELS[Judgment(3)] == "I don't know"
    assert LABELS[Judgment(5)] == "Very likely written by a machine"


@pytest.mark.parametrize(
    ("active", "losses", "elapsed", "expected"),
    [
        ("12.5", "3", 20.0, (12.5, 3)),
        ("21.5", "0", 20.0, (None, 0)),  # more active time than passed
        ("-1", "-1", 20.0, (None, None)),
        ("", "", 20.0, (None, None)),
        ("nan", "inf", 20.0, (None, None)),
        ("0", "100001", 20.0, (0.0, None)),
    ],
)
def test_what_the_browser_says_is_kept_only_where_it_is_possible(active, losses, elapsed, expected):
    activity = bound_activity(active_seconds=active, focus_losses=losses, elapsed=elapsed)
    assert (activity.active_seconds, activity.focus_losses) == expected


@given(active=st.text(max_size=30), losses=st.text(max_size=30), elapsed=st.floats(0, 1e6))
def test_no_text_from_a_browser_breaks_the_bounds(active, losses, elapsed):
    activity = bound_activity(active_seconds=active, focus_losses=losses, elapsed=elapsed)
    assert activity.active_seconds is None or 0 <= activity.active_seconds <= elapsed + 1
    assert activity.focus_losses is None or 0 <= activity.focus_losses <= MAX_FOCUS_LOSSES


@pytest.mark.parametrize(
    ("choice", "first", "judgment"),
    [
        (PairChoice.VERY_LIKELY_FIRST, "model", Judgment.VERY_LIKELY_MACHINE),
        (PairChoice.MORE_LIKELY_FIRST, "model", Judgment.MORE_LIKELY_MACHINE),
        (PairChoice.VERY_LIKELY_SECOND, "model", Judgment.VERY_LIKELY_HUMAN),
        (PairChoice.VERY_LIKELY_FIRST, "human", Judgment.VERY_LIKELY_HUMAN),
        (PairChoice.MORE_LIKELY_SECOND, "human", Judgment.MORE_LIKELY_MACHINE),
        (PairChoice.DONT_KNOW, "human", Judgment.DONT_KNOW),
        (PairChoice.DONT_KNOW, "model", Judgment.DONT_KNOW),
    ],
)
def test_a_choice_between_two_is_a_judgment_of_the_models_text(choice, first, judgment):
    assert judge_model_text(choice, first=first) is judgment


def test_both_orders_of_a_pair_mirror_each_other_and_every_choice_has_its_words():
    for choice in PairChoice:
        assert judge_model_text(choice, first="model") + judge_model_text(choice, first="human") == 6
    assert set(PAIR_LABELS) == set(PairChoice)
