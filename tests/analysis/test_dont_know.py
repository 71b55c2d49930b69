"""The three treatments by hand, and the test of whether arms differ, under a difference and under none."""

import numpy as np
import polars as pl
import pytest

from analysis.dont_know import compare_arms, treat_arms


def draw(rates, *, people=30, titles=12, seed=1):
    rng = np.random.default_rng(seed)
    rows = []
    for arm, rate in rates.items():
        for person in range(people):
            for title in range(titles):
                says_nothing = rng.random() < rate
                right = float(rng.random() < 0.7)
                answer = (3, None) if says_nothing else (4, right)
                rows.append((f"{arm}{person}", arm, f"t{title}", f"t{title}{arm}", *answer))
    return pl.DataFrame(rows, schema=["participant", "arm", "title", "item", "judgment", "correct"], orient="row")


def test_the_treatments_by_hand():
    frame = pl.DataFrame(
        {
            "participant": ["p"] * 4 + ["q"] * 2,
            "arm": ["a"] * 6,
            "judgment": [3, 4, 4, 2, 3, 3],
            "correct": [None, 1.0, 1.0, 0.0, None, None],
        }
    )
    (arm,) = treat_arms(frame, arms=["a"])
    assert arm.rate.mean == pytest.approx((1 / 4 + 1) / 2)
    assert (arm.left_out.n, arm.left_out.mean) == (1, pytest.approx(2 / 3))
    assert arm.half_credit.mean == pytest.approx((2.5 / 4 + 0.5) / 2)


def test_a_difference_between_arms_is_found():
    test = compare_arms(draw({"a": 0.05, "b": 0.25}))
    assert test.df == 1
    assert test.p < 1e-6


def test_no_difference_is_seldom_found():
    p = [compare_arms(draw({"a": 0.15, "b": 0.15}, people=12, seed=seed)).p for seed in range(12)]
    assert sum(value < 0.05 for value in p) <= 3  # 12 x .05: .6 expected
    assert max(p) > 0.4


def test_what_cannot_be_tested_says_why():
    assert compare_arms(draw({"a": 0.2})).reason == "there is one arm"
    assert "every answer is the same" in compare_arms(draw({"a": 0.0, "b": 0.0})).reason
    assert "nobody" in compare_arms(draw({"a": 0.0, "b": 0.3})).reason
