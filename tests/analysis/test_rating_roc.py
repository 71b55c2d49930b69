"""Curves of ratings against published counts (fitted in R 4.2.2, ordinal's clm, and confirmed in scipy)."""

import numpy as np
import pytest
from scipy import stats

from analysis.rating_roc import binormal_curve, fit_roc

# from the surest "signal" to the surest "noise", as the sources print them
STANISLAW = ((0, 7, 3, 1, 6, 8), (18, 12, 8, 8, 4, 0))
OGILVIE = ((15, 17, 40, 83, 29, 66), (68, 37, 68, 46, 10, 21))
DUNN = ((111, 216, 349, 540, 625, 895), (1230, 496, 358, 272, 215, 165))


def fit(counts):
    noise, signal = counts
    return fit_roc(noise[::-1], signal[::-1])


def test_stanislaw_and_todorov_1999():
    roc = fit(STANISLAW)
    assert roc.area == pytest.approx(0.8, abs=1e-12)
    assert roc.equal.mu == pytest.approx(1.34239643752252, abs=1e-7)
    assert roc.equal.mu_se == pytest.approx(0.277869086385931, rel=1e-6)
    assert roc.equal.log_likelihood == pytest.approx(-118.0235402681, abs=1e-9)
    thresholds = [-0.624916556632, 0.107018812905, 0.527792506608, 0.938373587990, 1.731734033994]
    assert roc.equal.thresholds == pytest.approx(thresholds, abs=1e-7)
    assert roc.unequal.mu == pytest.approx(1.1832149348344, abs=1e-7)
    assert roc.unequal.sigma == pytest.approx(0.778751605951132, abs=1e-7)
    assert roc.unequal.d_a == pytest.approx(1.32021445911911, abs=1e-7)
    assert roc.unequal.area == pytest.approx(0.824727475812768, abs=1e-7)
    assert roc.unequal.log_likelihood == pytest.approx(-117.639957652407, abs=1e-9)


def test_ogilvie_and_creelman_1968():
    roc = fit(OGILVIE)
    assert roc.area == pytest.approx(0.737784, abs=1e-9)
    assert roc.equal.mu == pytest.approx(0.930540629988317, abs=1e-7)
    assert roc.equal.mu_se == pytest.approx(0.0979766729593018, rel=1e-6)
    assert roc.equal.log_likelihood == pytest.approx(-815.591981851844, abs=1e-8)
    assert roc.unequal.mu == pytest.approx(0.971566276164038, abs=1e-7)
    assert roc.unequal.sigma == pytest.approx(1.09025048952764, abs=1e-7)
    assert roc.unequal.area == pytest.approx(0.744321660616826, abs=1e-7)


def test_dunn_2011():
    roc = fit(DUNN)
    assert roc.area == pytest.approx(0.823667966211833, abs=1e-12)
    assert roc.equal.mu == pytest.approx(1.36847262813486, abs=1e-7)
    assert roc.unequal.mu == pytest.approx(1.59818964849207, abs=1e-7)
    assert roc.unequal.sigma == pytest.approx(1.3179607520173, abs=1e-7)
    assert roc.unequal.area == pytest.approx(0.832984675716814, abs=1e-7)
    assert roc.unequal.log_likelihood == pytest.approx(-8620.06323967641, abs=1e-7)


def test_the_empirical_area_is_mann_and_whitneys():
    rng = np.random.default_rng(0)
    human, model = rng.integers(1, 6, 40), np.minimum(rng.integers(1, 6, 50) + 1, 5)
    counts = [[int((part == k).sum()) for k in range(1, 6)] for part in (human, model)]
    statistic = stats.mannwhitneyu(model, human).statistic
    assert fit_roc(*counts).area == pytest.approx(statistic / (40 * 50))


def test_turning_the_scale_turns_the_curve():
    noise, signal = (3, 8, 9, 12, 4), (9, 4, 8, 11, 20)
    one, other = fit_roc(noise, signal), fit_roc(noise[::-1], signal[::-1])
    assert other.area == pytest.approx(1 - one.area)
    assert other.equal.mu == pytest.approx(-one.equal.mu, abs=1e-7)
    assert other.unequal.d_a == pytest.approx(-one.unequal.d_a, abs=1e-6)


def test_a_planted_unequal_variance_is_found():
    rng = np.random.default_rng(1)
    cuts = [-0.5, 0.2, 0.8, 1.6]
    noise = np.digitize(rng.normal(size=40_000), cuts)
    signal = np.digitize(rng.normal(1.1, 1.4, size=40_000), cuts)
    roc = fit_roc(np.bincount(noise, minlength=5), np.bincount(signal, minlength=5))
    assert (roc.unequal.mu, roc.unequal.sigma) == pytest.approx((1.1, 1.4), abs=0.05)
    assert roc.unequal.log_likelihood > roc.equal.log_likelihood + 100
    grid = np.array([0.1, 0.5])
    assert binormal_curve(roc.unequal, grid) == pytest.approx(
        1 - stats.norm.cdf(stats.norm.ppf(1 - grid), 1.1, 1.4), abs=0.02
    )


@pytest.mark.parametrize(
    ("noise", "signal", "reason"),
    [
        ((0, 0, 0, 0, 0), (1, 2, 3, 4, 5), "one source"),
        ((5, 5, 0, 0, 0), (0, 0, 0, 5, 5), "every rating"),
        ((0, 0, 9, 0, 0), (0, 0, 9, 0, 0), "every rating tells the source, or none does"),
    ],
)
def test_what_cannot_be_fitted_says_why(noise, signal, reason):
    roc = fit_roc(noise, signal)
    assert reason in roc.reason
    assert roc.unequal is None


def test_two_points_alone_have_an_equal_variance_curve():
    roc = fit_roc((12, 0, 0, 0, 8), (6, 0, 0, 0, 14))
    assert roc.equal.mu == pytest.approx(stats.norm.ppf(0.7) - stats.norm.ppf(0.4), abs=1e-6)
    assert roc.unequal is None
