from datetime import UTC, datetime, timedelta

import pytest

from studyapp.domain.reading_time import Pace, find_seconds_left, measure_seconds

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pace", "words", "least"),
    [
        (Pace(), 200, 0),
        (Pace(min_seconds=8), 200, 8),
        (Pace(max_wpm=600), 200, 20),
        (Pace(min_seconds=8, max_wpm=600), 200, 20),
        (Pace(min_seconds=30, max_wpm=600), 200, 30),
        (Pace(max_wpm=50), 5000, 600),
    ],
)
def test_the_longer_of_the_two_bounds_holds_and_nobody_waits_for_ever(pace, words, least):
    assert pace.find_least(words) == least
    assert pace.is_set is (least > 0)


def test_time_runs_from_the_first_sight():
    shown = NOW - timedelta(seconds=7)
    assert find_seconds_left(least=10, shown_at=shown, now=NOW) == 3
    assert find_seconds_left(least=7, shown_at=shown, now=NOW) == 0
    assert find_seconds_left(least=10, shown_at=None, now=NOW) == 10
    assert find_seconds_left(least=0, shown_at=None, now=NOW) == 0


def test_nobody_is_held_or_has_been_quick_because_the_clock_was_set_back():
    later = NOW + timedelta(hours=1)
    assert find_seconds_left(least=10, shown_at=later, now=NOW) == 0
    assert measure_seconds(shown_at=later, answered_at=NOW) is None
    assert measure_seconds(shown_at=NOW, answered_at=None) is None
    assert measure_seconds(shown_at=NOW, answered_at=later) == 3600
