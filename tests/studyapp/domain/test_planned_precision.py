import random
from statistics import NormalDist, fmean

import pytest

from studyapp.domain.planned_precision import (
    PUBLISHED_SD,
    detectable_difference,
    detectable_trend,
    spread_with_items,
)


def test_the_textbook_number_is_met():
    """Cohen (1988), table 2.4.1: d = 0.50 needs 64 a group (normal approximation: 62.8) at alpha 0.05, power 0.80."""
    found = detectable_difference(participants=63, items=25, n_tests=1)
    assert found.low / PUBLISHED_SD[0] == pytest.approx(0.50, abs=0.002)
    assert found.high / PUBLISHED_SD[1] == pytest.approx(0.50, abs=0.002)


def test_the_published_spread_holds_at_its_own_number_of_items_and_more_items_narrow_it_to_a_floor():
    for sd in PUBLISHED_SD:
        assert spread_with_items(sd, items=25) == pytest.approx(sd)
        assert spread_with_items(sd, items=100) < sd < spread_with_items(sd, items=10)
        assert spread_with_items(sd, items=10**9) == pytest.approx((sd**2 - 0.21 / 25) ** 0.5, rel=1e-3)


def test_more_tests_ask_for_more():
    one, eight = (detectable_difference(participants=80, items=25, n_tests=n) for n in (1, 8))
    assert eight.low > one.low
    factor = (NormalDist().inv_cdf(1 - 0.05 / 16) + NormalDist().inv_cdf(0.8)) / (1.959964 + 0.841621)
    assert eight.low / one.low == pytest.approx(factor, rel=1e-5)


def test_a_fall_of_the_detectable_size_is_found_in_four_of_five_simulated_studies():
    sizes, n, items = [10**8, 10**9, 10**10, 10**11], 40, 25
    fall = detectable_trend(participants=n, items=items, sizes=sizes).high
    rng, found, runs = random.Random(3), 0, 2000
    xs = [-1.5, -0.5, 0.5, 1.5]
    for _ in range(runs):
        means = [fmean(rng.gauss(-fall * x / 3, PUBLISHED_SD[1]) for _ in range(n)) for x in xs]
        slope = sum(x * y for x, y in zip(xs, means, strict=True)) / 5.0
        found += abs(slope) / (PUBLISHED_SD[1] / (n * 5.0) ** 0.5) > 1.959964
    assert found / runs == pytest.approx(0.80, abs=4 * (0.8 * 0.2 / runs) ** 0.5)


def test_two_sizes_are_no_trend_and_nobody_finds_nothing():
    assert detectable_trend(participants=40, items=25, sizes=[10, 100]) is None
    with pytest.raises(ValueError, match="at least 1"):
        detectable_difference(participants=0, items=25, n_tests=1)
