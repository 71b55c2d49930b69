"""The minutes that a participant is told are left."""

import pytest

from studyapp.domain.time_left import estimate_minutes_left


@pytest.mark.parametrize(
    ("seconds", "promised", "minutes"),
    [
        pytest.param([None] * 25, 20, 20, id="at the start what was promised"),
        pytest.param([None] * 6, 12, 12, id="rounded up to no more than the promise"),
        pytest.param([100.0] + [None] * 6, 12, 12, id="still within the promise after the first answer"),
        pytest.param([None] * 4, 5, 5, id="a short study, to the minute"),
        pytest.param([30.0] * 20 + [None] * 5, 50, 3, id="their own pace, rounded up"),
        pytest.param([120.0] + [None] * 9, 10, 15, id="after one answer half their pace, half the promise"),
        pytest.param([60.0, 60.0, 7200.0] + [None] * 7, 10, 7, id="a break is no pace"),
        pytest.param([60.0] * 9 + [None], 10, 1, id="the last one"),
        pytest.param([20.0] * 9 + [None], 10, 0, id="less than a minute"),
        pytest.param([60.0] * 3, 3, 0, id="nothing is left"),
        pytest.param([], 10, 0, id="no trial at all"),
        pytest.param([61.0] * 5 + [None] * 20, 25, 25, id="above ten in steps of five, up"),
    ],
)
def test_minutes(seconds, promised, minutes):
    assert estimate_minutes_left(seconds, promised=promised) == minutes
