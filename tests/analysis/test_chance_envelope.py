"""Beyond chance: limits by the binomial, the count's tail by brute force, and guessers who are seldom beyond."""

import itertools

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.chance_envelope import _exceed, compare_with_guessing, find_limits


@pytest.mark.parametrize("n", [1, 5, 6, 24, 25, 100])
def test_limits_are_the_tails_of_the_binomial(n):
    low, high = (int(limit[0]) for limit in find_limits(np.array([n])))
    assert low < 0 or stats.binom.cdf(low, n, 0.5) <= 0.025
    assert stats.binom.cdf(low + 1, n, 0.5) > 0.025
    assert high == n - low
    assert high > n or stats.binom.sf(high - 1, n, 0.5) <= 0.025


@pytest.mark.parametrize("observed", range(5))
def test_the_chance_of_so_many_by_brute_force(observed):
    shares = np.array([0.1, 0.02, 0.3, 0.015])
    expected = sum(
        np.prod([share if hit else 1 - share for share, hit in zip(shares, hits, strict=True)])
        for hits in itertools.product((0, 1), repeat=4)
        if sum(hits) >= observed
    )
    assert _exceed(shares, observed) == pytest.approx(expected, rel=1e-12)


def judge(right_by_person, *, n=25, arm="a"):
    rows = [
        (f"{arm}{person}", arm, float(number < right))
        for person, right in enumerate(right_by_person)
        for number in range(n)
    ]
    return pl.DataFrame(rows, schema=["participant", "arm", "correct"], orient="row")


def test_who_is_where():
    # of 25: 18 or more is above (P = .0216), 7 or fewer below
    (arm,) = compare_with_guessing(judge([18, 17, 12, 13, 8, 7]), arms=["a"])
    assert (arm.participants, arm.above.observed, arm.below.observed, arm.under_half) == (6, 1, 1, 3)
    assert arm.above.expected == pytest.approx(6 * stats.binom.sf(17, 25, 0.5))


def test_guessers_are_seldom_found_beyond_chance_and_tellers_are():
    rng = np.random.default_rng(2)
    p = [compare_with_guessing(judge(rng.binomial(25, 0.5, 40)), arms=["a"])[0].above.p for _ in range(60)]
    assert sum(value <= 0.05 for value in p) <= 9
    assert compare_with_guessing(judge(rng.binomial(25, 0.65, 40)), arms=["a"])[0].above.p < 1e-4


def test_an_empty_arm_has_no_number_of_its_own():
    (arm,) = compare_with_guessing(judge([12]), arms=["b"])
    assert (arm.participants, arm.above.p) == (0, None)
