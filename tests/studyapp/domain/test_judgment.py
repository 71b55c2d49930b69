import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.judgment import LABELS, MAX_FOCUS_LOSSES, Judgment, bound_activity


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
