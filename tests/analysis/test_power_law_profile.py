"""The exponent's profile interval against R's, against its definition, and where it is open."""

import numpy as np
import pytest
from scipy import stats

from analysis.power_law import fit_power_law
from analysis.power_law_profile import profile_exponent
from tests.analysis.test_power_law import ACCURACIES, SIZES


def test_the_published_means_as_r_has_them():
    """R: confint(nls(y ~ a * x^b)); its exponent has the other sign, and its limits are off a spline."""
    found = profile_exponent(SIZES, ACCURACIES, law=fit_power_law(SIZES, ACCURACIES))
    assert (found.low, found.high) == pytest.approx((0.0217240262943293, 0.0753282629985495), rel=1e-4)


def test_at_its_limits_the_best_curve_is_worse_by_the_square_of_t():
    errors = np.linspace(0.01, 0.03, len(SIZES))
    law = fit_power_law(SIZES, ACCURACIES, errors=errors)
    found = profile_exponent(SIZES, ACCURACIES, law=law, errors=errors)
    x, y = np.array(SIZES) / 1e9, np.array(ACCURACIES)
    for limit in (found.low, found.high):
        curve = x**-limit / errors
        a = curve @ (y / errors) / (curve @ curve)
        chi2 = (((y - a * x**-limit) / errors) ** 2).sum()
        assert (chi2 / law.residual_sd**2 - 6) == pytest.approx(stats.t.ppf(0.975, 6) ** 2, rel=1e-6)


def test_a_side_on_which_nothing_is_too_bad_is_open():
    """Three arms leave one degree of freedom, t = 12.7: above a floor, any steepness will do."""
    accuracies = [0.62, 0.5, 0.53]
    law = fit_power_law([1e6, 1e8, 1e9], accuracies, floor=0.5)
    assert profile_exponent([1e6, 1e8, 1e9], accuracies, law=law).high is None


def test_arms_on_the_curve_have_no_width():
    sizes = [1e6, 1e7, 1e8, 1e9]
    accuracies = [0.6 * (size / 1e9) ** -0.05 for size in sizes]
    found = profile_exponent(sizes, accuracies, law=fit_power_law(sizes, accuracies))
    assert (found.low, found.high) == pytest.approx((0.05, 0.05), abs=1e-6)
