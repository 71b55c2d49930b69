"""The line of seconds over size against the closed form of simple regression."""

import numpy as np
import pytest
from scipy import stats

from analysis.duration import fit_log_line
from analysis.power_law import NoFit

SIZES = [1e6, 1e7, 1e8, 1e9]
SECONDS = [100.0, 104.0, 112.0, 112.0]


def test_the_line_by_hand():
    """x = 6 … 9, x̄ = 7.5, ȳ = 107: Sxx = 5, Sxy = 22, so slope 4.4; df 2."""
    fit = fit_log_line(SIZES, SECONDS)
    assert (fit.slope, fit.intercept) == pytest.approx((4.4, 107 - 4.4 * 7.5))
    residuals = np.array(SECONDS) - fit.predict(np.array(SIZES))
    spread = np.sqrt(np.sum(residuals**2) / 2)
    assert fit.residual_sd == pytest.approx(spread)
    assert fit.slope_se == pytest.approx(spread / np.sqrt(5))
    assert fit.df == 2
    assert fit.p == pytest.approx(2 * stats.t.sf(fit.t, 2))


def test_the_band_is_that_of_the_mean():
    """Narrowest at x̄, where its half width is t · s / √n."""
    fit = fit_log_line(SIZES, SECONDS)
    low, high = fit.band(np.array([10**7.5]))
    assert (high[0] - low[0]) / 2 == pytest.approx(stats.t.ppf(0.975, 2) * fit.residual_sd / 2)
    edges_low, edges_high = fit.band(np.array([1e6, 1e9]))
    assert np.all(edges_high - edges_low > high[0] - low[0])


def test_a_perfect_line_has_no_error():
    fit = fit_log_line([1e6, 1e7, 1e8], [1.0, 2.0, 3.0])
    assert (fit.slope, fit.residual_sd) == pytest.approx((1.0, 0.0), abs=1e-9)
    assert (fit.t, fit.p) == (None, None)


def test_too_few_models_say_so():
    assert isinstance(fit_log_line([1e6, 1e7], [1.0, 2.0]), NoFit)


def test_equal_times_have_no_line():
    fit = fit_log_line(SIZES, [12.0] * 4)
    assert isinstance(fit, NoFit)
    assert "equally long" in fit.reason
