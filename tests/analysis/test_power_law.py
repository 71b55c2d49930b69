"""The size curve against the published means, worked elsewhere, and against curves that were planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.power_law import NoFit, PowerLaw, fit_power_law

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
