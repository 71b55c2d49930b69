"""Intervals over participants and titles: by hand, against each other, and by how often they hold a planted truth."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.two_way import estimate_accuracies


def make_frame(table, arm="a"):
    """A row a judgment from participants x titles of 1, 0 or NaN."""
    people, titles = np.nonzero(~np.isnan(table))
    return pl.DataFrame(
        {
            "participant": [f"p{n:03}" for n in people],
            "arm": [arm] * len(people),
            "title": [f"t{n:03}" for n in titles],
            "correct": table[people, titles],
        }
    )


def estimate(table, seed=0):
    return estimate_accuracies(make_frame(table), arms=["a"], rng=np.random.default_rng(seed))[0]


def test_a_table_by_hand():
    table = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, np.nan]])
    found = estimate(table)
    mean = (2 / 3 + 1) / 2
    assert found.two_way.value == pytest.approx(mean)
    parts = np.array([[1 - mean, -mean, 1 - mean], [1 - mean, 1 - mean, 0]]) / np.array([[6], [4]])
    own, titled = 2 * (parts.sum(1) ** 2).sum(), 1.5 * (parts.sum(0) ** 2).sum()
    single = 1.25 * (parts[[0, 0, 0, 1, 1], [0, 1, 2, 0, 1]] ** 2).sum()
    assert found.two_way.se == pytest.approx(max(own + titled - single, own, titled) ** 0.5)
    assert found.df == 1
    assert found.by_participant.se == pytest.approx(np.std([2 / 3, 1], ddof=1) / 2**0.5)


def plant(rng, *, people, titles, title_sd, person_sd=0.3):
    eta = 0.3 + rng.normal(0, person_sd, people)[:, None] + rng.normal(0, title_sd, titles)
    truth = stats.norm.cdf(0.3 / np.sqrt(1 + person_sd**2 + title_sd**2))
    return (eta + rng.normal(size=(people, titles)) > 0).astype(float), truth


def test_the_published_interval_is_too_narrow_for_new_titles_and_the_others_are_not():
    rng = np.random.default_rng(8)
    held = {"by_participant": 0, "two_way": 0, "bootstrap": 0}
    runs = 150
    for run in range(runs):
        table, truth = plant(rng, people=60, titles=25, title_sd=0.5)
        found = estimate(table, seed=run)
        for name in held:
            interval = getattr(found, name)
            held[name] += interval.low <= truth <= interval.high
    # 150 runs: a share of .95 has a standard error of .018
    assert held["by_participant"] / runs < 0.75
    assert 0.90 <= held["two_way"] / runs <= 1
    assert 0.88 <= held["bootstrap"] / runs <= 1


def test_the_bootstrap_is_as_wide_as_the_two_way_interval():
    table, _ = plant(np.random.default_rng(2), people=80, titles=40, title_sd=0.4)
    found = estimate(table)
    assert found.bootstrap.se == pytest.approx(found.two_way.se, rel=0.12)


def test_the_same_seed_gives_the_same_interval_whatever_the_order_of_rows():
    table, _ = plant(np.random.default_rng(2), people=12, titles=9, title_sd=0.4)
    frame = make_frame(table)
    one, other = (
        estimate_accuracies(rows, arms=["a"], rng=np.random.default_rng(5))[0]
        for rows in (frame, frame.sample(fraction=1, shuffle=True, seed=1))
    )
    assert one.bootstrap.low == pytest.approx(other.bootstrap.low, rel=1e-12)


def test_too_little_gives_no_interval():
    assert estimate(np.array([[1.0, 0.0]])).two_way.low is None
    assert estimate(np.array([[1.0], [0.0]])).two_way.low is None
    empty = estimate_accuracies(make_frame(np.ones((2, 2))), arms=["other"], rng=np.random.default_rng(0))[0]
    assert empty.two_way.value is None
