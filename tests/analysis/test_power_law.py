"""The size curve against the published means, worked elsewhere, and against curves that were planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.power_law import NoFit, PowerLaw, fit_power_law, fit_power_laws

# Brown et al. 2020, table 3.11: parameters and accuracies of the eight models
SIZES = [125e6, 350e6, 760e6, 1.3e9, 2.7e9, 6.7e9, 13e9, 175e9]
ACCURACIES = [0.76, 0.61, 0.68, 0.62, 0.62, 0.60, 0.55, 0.52]


def test_the_published_means():
    fit = fit_power_law(SIZES, ACCURACIES)
    assert fit.a_billion == pytest.approx(0.645080384660793, rel=1e-8)
    assert fit.b == pytest.approx(0.0479966842520968, rel=1e-7)
    assert fit.a_billion_se == pytest.approx(0.0144377581637666, rel=1e-5)
    assert fit.b_se == pytest.approx(0.0108170625027234, rel=1e-5)
    assert 100 * fit.a == pytest.approx(174.4, abs=0.05)
    assert fit.a == pytest.approx(1.74415063, rel=1e-6)
    assert fit.a_se == pytest.approx(0.4026, abs=5e-5)
    assert fit.residual_sd == pytest.approx(0.0381511015155516, rel=1e-7)
    assert fit.n_models == 8


def test_the_band_by_hand():
    """At x = 1 the gradient is (1, 0): the band's half width is t times the standard error of a."""
    fit = fit_power_law(SIZES, ACCURACIES)
    low, high = fit.band(np.array([1e9]))
    half = stats.t.ppf(0.975, 6) * fit.a_billion_se
    assert (low[0], high[0]) == pytest.approx((fit.a_billion - half, fit.a_billion + half))
    assert np.all(fit.band(np.array(SIZES))[0] < fit.predict(np.array(SIZES)))


@settings(max_examples=40)
@given(
    a=st.floats(0.3, 0.9),
    b=st.floats(-0.1, 0.3),
    sizes=st.lists(st.floats(5, 12).map(lambda power: 10**power), min_size=4, max_size=9, unique=True),
)
def test_a_planted_curve_is_found(a, b, sizes):
    x = np.array(sizes)
    if np.log10(x).max() - np.log10(x).min() < 0.5:
        return
    fit = fit_power_law(x, a * (x / 1e9) ** -b)
    assert isinstance(fit, PowerLaw)
    assert (fit.a_billion, fit.b) == pytest.approx((a, b), rel=1e-5, abs=1e-6)


def test_the_interval_of_b_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(7)
    x = np.array(SIZES)
    truth, held, runs = 0.05, 0, 400
    for _ in range(runs):
        fit = fit_power_law(x, 0.65 * (x / 1e9) ** -truth + rng.normal(0, 0.03, len(x)))
        held += abs(fit.b - truth) <= stats.t.ppf(0.975, 6) * fit.b_se
    assert 0.92 <= held / runs <= 0.98


@pytest.mark.parametrize(
    ("sizes", "accuracies", "why"),
    [
        ([], [], "at least 3"),
        ([1e6, 1e7], [0.7, 0.6], "there are 2"),
        ([1e6, 1e6, 1e7], [0.7, 0.8, 0.6], "different size"),
        ([1e6, 1e7, 1e8], [0.7, 0.6, 0.0], "accuracy is 0"),
    ],
)
def test_what_cannot_be_fitted_says_why(sizes, accuracies, why):
    fit = fit_power_law(sizes, accuracies)
    assert isinstance(fit, NoFit)
    assert why in fit.reason


def test_the_same_accuracy_everywhere_is_a_flat_curve():
    fit = fit_power_law([1e6, 1e7, 1e8], [0.6, 0.6, 0.6])
    assert (fit.a_billion, fit.b) == pytest.approx((0.6, 0.0), abs=1e-9)
    assert fit.r_squared is None


LOWS, HIGHS = np.array([72, 58, 64, 59, 58, 56, 52, 49]) / 100, np.array([80, 65, 72, 65, 65, 63, 58, 54]) / 100
ERRORS = (HIGHS - LOWS) / 2 / stats.norm.ppf(0.975)


def test_the_published_means_weighted_by_their_intervals():
    fit = fit_power_law(SIZES, ACCURACIES, errors=ERRORS)
    assert (fit.a_billion, fit.b) == pytest.approx((0.640330750234624, 0.0443085127385735), rel=1e-7)
    assert (fit.a_billion_se, fit.b_se) == pytest.approx((0.0144103216, 0.0091677660), rel=1e-5)
    alone = np.array([fit.a_billion_se, fit.b_se]) / fit.residual_sd  # the errors taken as they are
    assert alone == pytest.approx((0.0069175, 0.0044009), abs=5e-8)
    assert 6 * fit.residual_sd**2 == pytest.approx(26.0375249560078, rel=1e-9)


def test_the_published_means_above_a_floor():
    fit = fit_power_law(SIZES, ACCURACIES, floor=0.5)
    assert (fit.a_billion, fit.b) == pytest.approx((0.133641768583346, 0.27495453), rel=1e-6)
    assert 6 * fit.residual_sd**2 == pytest.approx(0.007696038893, rel=1e-8)
    assert fit.predict(np.array([1e30]))[0] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(("floor", "errors"), [(0.0, None), (0.0, ERRORS), (0.5, ERRORS)])
def test_many_at_once_are_each_alone(floor, errors):
    rng = np.random.default_rng(4)
    means = np.array(ACCURACIES) + 0.02 * rng.standard_normal((20, 8))
    many = fit_power_laws(np.array(SIZES), means, errors=errors, floor=floor)
    for a, b, se, y in zip(many.a, many.b, many.b_se, means, strict=True):
        fit = fit_power_law(SIZES, y, errors=errors, floor=floor)
        assert (a, b, se) == (
            pytest.approx(fit.a_billion, rel=1e-5), pytest.approx(fit.b, rel=1e-5), pytest.approx(fit.b_se, rel=1e-4)
        )  # fmt: skip


def test_a_curve_above_a_floor_that_nobody_leaves_has_no_fit():
    assert isinstance(fit_power_law([1e6, 1e7, 1e8], [0.5, 0.5, 0.5], floor=0.5), NoFit)
    assert isinstance(fit_power_law([1e6, 1e7, 1e8], [0.7, 0.6, 0.5], errors=[0.1, 0.0, 0.1]), NoFit)
