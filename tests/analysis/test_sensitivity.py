"""Weighted sums of arms against the single-arm and Student's results, and smallest effects by simulation."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.arm_contrasts import judge_by_participants, judge_two_way, sum_arms, weigh_trend
from analysis.load import load_bundle
from analysis.sensitivity import find_bound, find_smallest, measure_sensitivity
from analysis.study import Study
from tests.analysis.bundles import answer_with, draw_people, make_rows


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    shares = {"control": 0.85, "small": 0.7, "medium": 0.62, "large": 0.52}
    people = {arm: draw_people(15, accuracy=share, items=14, seed=n) for n, (arm, share) in enumerate(shares.items())}
    return Study(load_bundle(make_rows(people).write(tmp_path_factory.mktemp("bundle"))))


def total(study):
    return sum_arms(study.decided.with_columns(score=pl.col("correct")))


def test_one_arm_is_its_two_way_accuracy(study):
    sums = total(study)
    for arm in study.accuracies:
        test = judge_two_way(sums, {arm.arm: 1.0})
        assert test.estimate.value == pytest.approx(arm.two_way.value)
        assert test.estimate.se == pytest.approx(arm.two_way.se)
        assert test.df == arm.df


def test_two_arms_by_participants_are_students_t(study):
    sums = total(study)
    for arm in study.answer.arms:
        if arm.is_control:
            continue
        test = judge_by_participants(sums, {"control": 1.0, arm.arm: -1.0})
        assert (test.t, test.df, test.p) == pytest.approx((arm.comparison.t, arm.comparison.df, arm.comparison.p))


def test_titles_that_are_hard_in_both_arms_leave_the_difference_alone():
    rows = [(f"{arm}{p}", arm, f"t{t}", float(t < 6)) for arm in "ab" for p in range(8) for t in range(12)]
    frame = pl.DataFrame(rows, schema=["participant", "arm", "title", "score"], orient="row")
    sums = sum_arms(frame)
    assert judge_two_way(sums, {"a": 1.0}).estimate.se > 0.1
    assert sums.titled[0] - sums.titled[1] == pytest.approx(np.zeros(12))
    assert judge_two_way(sums, {"a": 1.0, "b": -1.0}).estimate.se is None  # nothing is left to differ


def test_the_trend_is_the_line_through_the_means(study):
    sums = total(study)
    sizes = {"small": 10**7, "medium": 10**8, "large": 10**9}
    slope = judge_two_way(sums, weigh_trend(sizes)).estimate.value
    means = [sums.means[sums.place(arm)] for arm in sizes]
    assert slope == pytest.approx(stats.linregress([7, 8, 9], means).slope)
    assert weigh_trend({"a": 5}) == {}


def test_the_smallest_effect_is_found_four_times_out_of_five():
    rng = np.random.default_rng(1)
    effect = find_smallest(1 / 24**0.5, 23)
    values = rng.normal(effect, 1, (6000, 24))
    found = stats.ttest_1samp(values, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.02)  # Bloom's is an approximation; the SE of the share is .005


def test_the_bound_is_shown_four_times_out_of_five():
    rng = np.random.default_rng(2)
    bound = find_bound(1 / 40**0.5, 39)
    values = rng.normal(0, 1, (6000, 40))
    half = stats.t.ppf(0.95, 39) * values.std(axis=1, ddof=1) / 40**0.5
    shown = np.abs(values.mean(axis=1)) + half < bound
    assert shown.mean() == pytest.approx(0.8, abs=0.03)


def test_every_arm_has_its_numbers_and_an_arm_without_spread_has_none(study, tmp_path):
    found = measure_sensitivity(study)
    assert found.trend > 0
    assert [arm.against_control is None for arm in found.arms] == [True, False, False, False]
    for arm in found.arms:
        assert 0 < arm.accuracy < arm.shown_equivalent + arm.accuracy
        assert arm.d_prime > 0
    rows = make_rows({"control": [answer_with(4, 0)] * 3, "small": [answer_with(4, 0)] * 3})
    flat = measure_sensitivity(Study(load_bundle(rows.write(tmp_path))))
    assert [(arm.accuracy, arm.d_prime) for arm in flat.arms] == [(None, None)] * 2
