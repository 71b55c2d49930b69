"""The four curves, their bands, and the trend of a planted study."""

import numpy as np
import pytest
from scipy import stats

from analysis.detection_model import covary_d_primes, predict_accuracy
from analysis.estimate import Estimate, estimate_normal
from analysis.load import load_bundle
from analysis.power_law import fit_power_law
from analysis.size_curve import analyse_size, list_sized_arms, regress_trend
from analysis.size_fits import SizedArm, draw_law_band, find_scatter, fit_four
from analysis.study import Study
from tests.analysis.bundles import draw_people, make_rows
from tests.analysis.test_power_law import ACCURACIES, ERRORS, SIZES


def make_arms(accuracies=ACCURACIES, errors=ERRORS, sizes=SIZES):
    """Arms whose d′ is that of an observer without leaning: 2 z(accuracy)."""
    z = stats.norm.ppf(accuracies)
    return [
        SizedArm(str(n), str(n), size, estimate_normal(y, se), estimate_normal(2 * d, 2 * se / stats.norm.pdf(d)))
        for n, (size, y, se, d) in enumerate(zip(sizes, accuracies, errors, z, strict=True))
    ]


def test_the_published_accuracies_under_four_curves():
    power, weighted, asymptote, line = fit_four(make_arms())
    assert (power.parameters["a"].value, power.parameters["b"].value) == pytest.approx((0.6450803847, 0.0479966843))
    assert weighted.chi2 == pytest.approx(26.0375249560078)
    assert weighted.p == pytest.approx(2.2e-4, rel=0.02)
    assert power.p is None  # χ² is least at the weighted curve: only there is it a test
    assert power.chi2 > weighted.chi2
    assert weighted.parameters["b"].se == pytest.approx(0.0091677660, rel=1e-6)
    # normal errors, their one variance estimated: n ln(2π RSS/n) + n + 2K + 2K(K + 1)/(n - K - 1), K = 3
    rss = 0.00873303928109956
    assert power.aicc == pytest.approx(8 * np.log(2 * np.pi * rss / 8) + 8 + 6 + 24 / 4)
    deviance = weighted.chi2 + np.log(2 * np.pi * ERRORS**2).sum()
    assert weighted.aicc == pytest.approx(deviance + 4 + 12 / 5)
    assert line.aicc - weighted.aicc == pytest.approx(line.chi2 - weighted.chi2)
    assert asymptote.chi2 < weighted.chi2
    assert [fit.crossing for fit in (power, weighted, asymptote)] == [None] * 3  # 2.02e11 lies beyond 175B


def test_a_line_through_chance_says_where_within_the_sizes_alone():
    sizes = [1e6, 1e7, 1e8, 1e9]
    arms = make_arms([0.65, 0.55, 0.45, 0.36], [0.02] * 4, sizes)
    power, _, _, line = fit_four(arms)
    assert 1e7 < line.crossing < 1e8
    assert 1e7 < power.crossing < 1e8
    law = fit_power_law(sizes, [0.65, 0.55, 0.45, 0.36])
    assert law.predict(np.array([power.crossing]))[0] == pytest.approx(0.5)
    assert fit_four(arms[:3])[3].crossing == pytest.approx(line.crossing, rel=0.2)
    assert fit_four(make_arms([0.8, 0.75, 0.7, 0.65], [0.02] * 4, sizes))[3].crossing is None


def test_the_scatter_that_a_curve_leaves():
    se = np.array([0.1, 0.2, 0.3, 0.2])
    assert find_scatter(0.5 * se, se) == 0.0
    rest = np.array([0.5, -0.4, 0.6, -0.5])
    assert (rest**2 / (se**2 + find_scatter(rest, se))).sum() == pytest.approx(2)


@pytest.mark.parametrize(("floor", "name"), [(0.0, "power_law_weighted"), (0.5, "chance_asymptote")])
def test_the_band_holds_a_planted_curve_as_often_as_it_says(floor, name, monkeypatch):
    """Errors of participants and texts and a scatter between models, both planted; at a size in the middle."""
    monkeypatch.setattr("analysis.size_fits.DRAWS", 250)
    rng, at, sizes = np.random.default_rng(6), np.array([5e9]), np.array(SIZES)
    truth = floor + (0.65 - floor) * (sizes / 1e9) ** -0.1
    level = floor + (0.65 - floor) * 5.0**-0.1
    held, runs = 0, 150
    for _ in range(runs):
        y = truth + rng.normal(0, np.hypot(0.015, 0.02), 8)
        law = fit_power_law(sizes, y, errors=np.full(8, 0.015), floor=floor)
        band = draw_law_band(make_arms(y, [0.015] * 8), law, name=name, sizes=at, rng=rng)
        held += band.low[0] <= level <= band.high[0]
    assert 0.90 <= held / runs <= 0.99  # 95 % and three Monte Carlo errors


def test_bands_know_the_scatter_between_models():
    """The same errors of participants and texts: the arms that lie off the curve get the wider band."""
    arms, at = make_arms(), np.array([1e9])
    widths = []
    for y in (ACCURACIES, fit_power_law(SIZES, ACCURACIES, errors=ERRORS).predict(np.array(SIZES))):
        law = fit_power_law(SIZES, y, errors=ERRORS)
        moved = [SizedArm(arm.arm, arm.label, arm.n_params, Estimate(v, arm.accuracy.se), arm.d_prime)
                 for arm, v in zip(arms, y, strict=True)]  # fmt: skip
        band = draw_law_band(moved, law, name="power_law_weighted", sizes=at, rng=np.random.default_rng(1))
        widths.append(band.high[0] - band.low[0])
    assert widths[0] > 1.5 * widths[1]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    accuracies = {"control": 0.9, "s": 0.8, "m": 0.7, "l": 0.62, "xl": 0.54}
    people = {arm: draw_people(16, accuracy=p, items=12, seed=n) for n, (arm, p) in enumerate(accuracies.items())}
    return Study(load_bundle(make_rows(people).write(tmp_path_factory.mktemp("bundle"))))


def test_a_planted_fall_is_found_and_the_control_is_not_in_it(study):
    curve = analyse_size(study, rng=np.random.default_rng(1))
    assert [arm.arm for arm in curve.arms] == ["s", "m", "l", "xl"]
    planted = np.polyfit([0, 1, 2, 3], 2 * stats.norm.ppf([0.8, 0.7, 0.62, 0.54]), 1)[0]
    assert curve.d_prime.slope.low < planted < curve.d_prime.slope.high
    assert curve.d_prime.slope.value < -0.2
    assert curve.d_prime.df == 2
    assert [left.arm for left in curve.left_out] == ["s", "m", "l", "xl"]
    assert curve.left_out[0].accuracy.models == 3
    without = regress_trend(curve.arms[1:], None, outcome="accuracy")
    assert curve.left_out[0].accuracy == without
    assert {band.name for band in curve.bands} == {"power_law_weighted", "chance_asymptote", "d_prime_line"}
    for band in curve.bands:
        assert np.all((band.low <= band.curve) & (band.curve <= band.high))
        assert np.all((band.low >= 0) & (band.high <= 1))


def test_a_d_prime_drawn_as_an_accuracy_is_the_primary_model_s(study):
    for arm in study.detection.arms:
        drawn = predict_accuracy(study.detection, np.array([arm.d_prime.value]), criterion=arm.criterion.value)
        assert drawn[0] == pytest.approx(arm.accuracy.value)
    covariance = covary_d_primes(study.detection, ["xl", "s"], is_paired=False)
    errors = {arm.arm: arm.d_prime.se for arm in study.detection.arms}
    assert np.sqrt(np.diag(covariance)) == pytest.approx((errors["xl"], errors["s"]))
    assert covariance[0, 1] > 0  # they share the human texts


def test_two_sizes_have_no_trend(study):
    arms = list_sized_arms(study)[:2]
    trend = regress_trend(arms, None, outcome="accuracy")
    assert "at least 3 models" in trend.reason
    assert trend.slope.value is None
    assert all(fit.reason for fit in fit_four(arms))
