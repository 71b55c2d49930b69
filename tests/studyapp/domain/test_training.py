from datetime import timedelta

import pytest

from studyapp.domain.training import (
    CURVE_POINTS,
    LASTING,
    LossCurve,
    Work,
    count_attempts,
    describe_seconds,
    estimate_seconds,
    find_next,
)


@pytest.mark.parametrize(
    ("states", "place"),
    [
        (["queued", "queued"], 0),
        (["done", "queued", "queued"], 1),
        (["failed", "queued"], 1),
        (["running", "queued"], None),
        (["queued", "running"], None),
        (["done", "stopped"], None),
        (["done", "done"], None),
    ],
)
def test_one_job_of_a_ladder_at_a_time_in_its_order(states, place):
    assert find_next(states) == place


def test_only_attempts_that_soon_lost_their_worker_count():
    assert count_attempts(4, lasted=timedelta(seconds=30)) == 4
    assert count_attempts(4, lasted=LASTING) == 0


def make_curve(first, last, *, n_steps, curve=None):
    curve = curve or LossCurve()
    for step in range(first, last + 1):
        held_out = (step // 100 * 1000, 9.0 - step // 100) if step >= 100 else None  # the latest measure
        curve.add(step=step, n_steps=n_steps, tokens=step * 10, train_loss=8.0 - step / n_steps, held_out=held_out)
    return curve


def test_a_curve_stays_small_and_ends_where_the_run_ends():
    row = make_curve(1, 10_007, n_steps=10_007).to_row()
    assert CURVE_POINTS / 2 < len(row["train"]) <= CURVE_POINTS + 8
    assert row["train"][-1][0] == 100_070
    first = 10_007 // CURVE_POINTS
    assert row["train"][0] == (first * 10, pytest.approx(8.0 - (first + 1) / 2 / 10_007, abs=1e-4))  # a mean
    assert len(row["held_out"]) == 10_007 // 100  # each measurement once


def test_a_short_curve_keeps_every_step():
    assert [tokens for tokens, _ in make_curve(1, 5, n_steps=5).to_row()["train"]] == [10, 20, 30, 40, 50]


def test_a_curve_that_is_taken_up_is_that_of_the_unbroken_run():
    whole = make_curve(1, 400, n_steps=400).to_row()
    broken = make_curve(1, 333, n_steps=400).to_row()  # saved at step 250, killed at 333
    broken["held_out"].remove((2000, 7.0))  # measured, but the worker was killed before it could be told
    again = LossCurve.from_row(broken, before=2510)
    assert make_curve(251, 400, n_steps=400, curve=again).to_row() == whole


def test_time_left_goes_by_parameters_and_tokens():
    works = [
        Work("done", 1000, 0, 800.0),
        Work("running", 2000, 5000, 500.0),
        Work("queued", 4000, 20_000, None),
    ]
    assert estimate_seconds(works) == [0.0, 10.0, 80.0]
    assert estimate_seconds([Work("queued", 1000, 10, None)]) == [None]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0 s"), (59, "59 s"), (200, "3 min"), (7500, "2 h 05 min"), (500_000, "6 days")],
)
def test_seconds_in_words(seconds, words):
    assert describe_seconds(seconds) == words
