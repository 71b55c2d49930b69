from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from studyapp.domain.withdrawal import WithdrawalTime, find_withdrawal_time

ENDED = datetime(2026, 5, 4, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "now", "is_open"),
    [
        (0, ENDED, True),
        (0, datetime(2026, 5, 5, 11, 59, tzinfo=UTC), True),  # it is the fourth still, west of everywhere
        (0, datetime(2026, 5, 5, 12, 0, tzinfo=UTC), False),
        (30, datetime(2026, 6, 4, 11, 59, tzinfo=UTC), True),
        (30, datetime(2026, 6, 4, 12, 0, tzinfo=UTC), False),
    ],
)
def test_the_last_day_counts_whole_everywhere(days, now, is_open):
    found = find_withdrawal_time(ended_at=ENDED, days=days, now=now)
    assert found == WithdrawalTime(is_open=is_open, last_day=date(2026, 5, 4) + timedelta(days=days))


def test_the_day_is_that_of_utc():
    east = datetime(2026, 5, 5, 1, 0, tzinfo=timezone(timedelta(hours=9)))
    assert find_withdrawal_time(ended_at=east, days=1, now=ENDED).last_day == date(2026, 5, 5)


@pytest.mark.parametrize(("ended_at", "days"), [(None, 3), (ENDED, None), (None, None)])
def test_there_is_no_last_day_while_somebody_is_at_work_and_where_the_study_sets_none(ended_at, days):
    found = find_withdrawal_time(ended_at=ended_at, days=days, now=ENDED + timedelta(days=900))
    assert found == WithdrawalTime(is_open=True)
