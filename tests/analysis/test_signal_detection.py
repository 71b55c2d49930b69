"""Sensitivity from counts against worked examples, and areas of readers by cases against brute force."""

import itertools

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.load import load_bundle
from analysis.readers_by_cases import cross_readers, estimate_area
from analysis.signal_detection import calibrate, find_sensitivity, measure_arms
from analysis.study import Study
from tests.analysis.test_detection_model import PLANTED, plant


def test_rates_of_eight_and_four_tenths():
    """Macmillan & Creelman's example: H .8, F .4 of 25 each."""
    raw = find_sensitivity(hits=20, models=25, false_alarms=10, humans=25, correct=False)
    assert raw.d_prime == pytest.approx(1.09496833670871)
    assert raw.criterion == pytest.approx(-0.294137065218557)
    assert raw.log_beta == pytest.approx(-0.322070773066746)
    assert np.exp(raw.log_beta) == pytest.approx(0.724646903031409)
    assert raw.d_prime_variance == pytest.approx(0.145971921736406)
    corrected = find_sensitivity(hits=20, models=25, false_alarms=10, humans=25)
    assert (corrected.hit_rate, corrected.false_alarm_rate) == pytest.approx((0.788461538461538, 0.403846153846154))
    assert (corrected.d_prime, corrected.criterion) == pytest.approx((1.04449870709258, -0.278845175735659))


def test_all_right_has_a_finite_sensitivity():
    found = find_sensitivity(hits=25, models=25, false_alarms=0, humans=25)
    assert (found.d_prime, found.criterion) == pytest.approx((4.1398036617901, 0), abs=1e-12)
    assert find_sensitivity(hits=9, models=10, false_alarms=2, humans=9).d_prime == pytest.approx(1.7712933122896)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return Study(load_bundle(plant(people=40, titles=20).write(tmp_path_factory.mktemp("bundle"))), seed=2)


def test_planted_sensitivities_are_ranked_and_lie_in_their_intervals(study):
    found = measure_arms(study.decided, arms=study.arms, rng=np.random.default_rng(1))
    spread = np.sqrt(1 + 0.4**2 + 0.3**2 / 4 + 0.2**2 + 0.3**2)  # counts give the population's d′
    for arm in found:
        assert arm.d_prime.low < PLANTED[arm.arm] / spread < arm.d_prime.high
        assert arm.hit_rate.value == pytest.approx(arm.hits / arm.models)
        assert arm.hit_rate.low < arm.hit_rate.value < arm.hit_rate.high
    assert [arm.arm for arm in sorted(found, key=lambda arm: -arm.d_prime.value)] == list(PLANTED)


def brute_covariance(kernel):
    """Mean over reader pairs of the unbiased covariance, by enumeration of all pairs of (human, model) pairs."""
    readers, m, n = kernel.shape
    found = []
    for r, s in itertools.permutations(range(readers), 2):
        groups = {}
        for i, j, k, other in itertools.product(range(m), range(n), range(m), range(n)):
            groups.setdefault((i == k, j == other), []).append(kernel[r, i, j] * kernel[s, k, other])
        mean = {key: np.mean(values) for key, values in groups.items()}
        found.append(
            (mean[True, True] + (m - 1) * mean[False, True] + (n - 1) * mean[True, False]
             + (1 - m - n) * mean[False, False]) / (m * n)
        )  # fmt: skip
    return np.mean(found)


def test_readers_by_cases_is_its_definition():
    rng = np.random.default_rng(4)
    human, model = rng.integers(1, 6, (4, 5)).astype(float), rng.integers(2, 6, (4, 6)).astype(float)
    found = cross_readers(human, model)
    kernel = (model[:, None, :] > human[:, :, None]) + 0.5 * (model[:, None, :] == human[:, :, None])
    areas = kernel.mean((1, 2))
    assert found.areas == pytest.approx(areas.tolist())
    assert found.mean_square == pytest.approx(areas.var(ddof=1))
    assert found.covariance == pytest.approx(brute_covariance(kernel))
    top = found.mean_square + max(4 * found.covariance, 0)
    assert found.variance == pytest.approx(top / 4)
    assert found.df == pytest.approx(top**2 / (found.mean_square**2 / 3))
    for reader in range(4):
        statistic = stats.mannwhitneyu(model[reader], human[reader]).statistic
        assert found.areas[reader] == pytest.approx(statistic / 30)


def test_the_interval_holds_new_readers_and_new_texts():
    rng = np.random.default_rng(6)
    held, runs = 0, 120
    truth = stats.norm.cdf(0.8 / np.sqrt(2 * (1 + 0.4**2) + 0.3**2))  # d′ .8; text sd .4, and a reader's slope .3
    for _ in range(runs):
        slope = rng.normal(0.8, 0.3, 20)
        texts = rng.normal(0, 0.4, 24)
        noise = rng.normal(size=(20, 24)) + texts
        noise[:, 12:] += slope[:, None]
        ratings = np.digitize(noise, [-0.5, 0.2, 0.6, 1.2]).astype(float)
        crossed = cross_readers(ratings[:, :12], ratings[:, 12:])
        half = stats.t.ppf(0.975, crossed.df) * crossed.variance**0.5
        held += abs(crossed.mean - truth) <= half + 0.02  # five ratings instead of a continuum cost a little area
    assert held / runs > 0.9


def test_an_arms_area_is_that_of_its_forms(study):
    rows = study.judgments.filter(pl.col("arm") == "control")
    found = estimate_area(rows)
    assert (len(found.sets), found.readers) == (2, 40)
    assert found.area.value == pytest.approx(np.mean([part.mean for part in found.sets]))
    assert found.area.low < found.area.value < found.area.high
    alone = rows.filter(pl.col("participant") == rows["participant"][0])
    assert estimate_area(alone).area.low is None
    assert "nobody else" in estimate_area(alone).reason
    assert estimate_area(rows.filter(pl.col("source") == "human")).area.value is None


def test_confidence_is_counted_by_level():
    rows = pl.DataFrame({"judgment": [1, 2, 3, 5, 5], "correct": [1.0, 0.0, None, 1.0, 0.0]})
    found = calibrate(rows)
    assert [(part.level, part.judgments) for part in found] == [(1, 1), (2, 3)]
    assert [part.share_right for part in found] == pytest.approx([0, 2 / 3])
