"""The meta-regression against the textbook's example, against least squares, and against planted slopes."""

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.meta_regression import chance_of_t, regress

BCG = [  # vaccinated with and without tuberculosis, the others likewise, latitude (Colditz et al. 1994)
    (4, 119, 11, 128, 44), (6, 300, 29, 274, 55), (3, 228, 11, 209, 42), (62, 13536, 248, 12619, 52),
    (33, 5036, 47, 5761, 13), (180, 1361, 372, 1079, 44), (8, 2537, 10, 619, 19), (505, 87886, 499, 87892, 13),
    (29, 7470, 45, 7232, 27), (17, 1699, 65, 1600, 42), (186, 50448, 141, 27197, 18), (5, 2493, 3, 2338, 33),
    (27, 16886, 29, 17825, 33),
]  # fmt: skip


def test_the_bcg_trials():
    """metafor's first example: log risk ratio falls by 0.0291 a degree; τ² where the likelihood is highest."""
    a, b, c, d, latitude = np.array(BCG, dtype=float).T
    y, v = np.log((a / (a + b)) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    fits = regress(np.stack([np.ones(13), latitude], axis=1), y[None], v[None])
    assert fits.coefficients[0] == pytest.approx((0.2515, -0.0291), abs=5e-5)

    def lose(tau2):
        w, x = 1 / (v + tau2), np.stack([np.ones(13), latitude], axis=1)
        inside = (x * w[:, None]).T @ x
        rest = y - x @ np.linalg.solve(inside, (x * w[:, None]).T @ y)
        return -np.log(w).sum() + np.linalg.slogdet(inside)[1] + (w * rest**2).sum()

    assert fits.tau2[0] == pytest.approx(optimize.minimize_scalar(lose, (0.01, 0.1)).x, rel=1e-5)
    assert fits.df == 11
    # one way to Knapp and Hartung's error: q times the ordinary one
    assert fits.covariance[0] == pytest.approx(fits.scale[0] * fits.inverse[0])


def make_line(k):
    return np.stack([np.ones(k), np.linspace(-1, 2, k)], axis=1)


def test_what_every_arm_shares_moves_the_level_alone():
    """A covariance that all arms have in common says nothing of the slope."""
    rng = np.random.default_rng(2)
    x, y, v = make_line(7), rng.standard_normal((5, 7)), rng.uniform(0.1, 0.5, 7)
    alone = regress(x, y, np.tile(v, (5, 1)))
    shared = regress(x, y, np.tile(np.diag(v) + 0.4, (5, 1, 1)))
    assert shared.coefficients[:, 1] == pytest.approx(alone.coefficients[:, 1], abs=1e-6)
    assert shared.tau2 == pytest.approx(alone.tau2, abs=1e-6)
    assert shared.covariance[:, 1, 1] == pytest.approx(alone.covariance[:, 1, 1], rel=1e-5)


def test_a_scatter_moves_every_row_by_itself():
    """Many at once are each alone, and an arm without error is no division by 0."""
    rng = np.random.default_rng(3)
    x, y = make_line(6), rng.standard_normal((4, 6))
    v = rng.uniform(0, 0.5, (4, 6))
    v[0, 0] = 0.0
    many = regress(x, y, v)
    for row in range(4):
        one = regress(x, y[row : row + 1], v[row : row + 1])
        assert one.tau2[0] == pytest.approx(many.tau2[row], rel=1e-6, abs=1e-9)
        assert one.coefficients[0] == pytest.approx(many.coefficients[row], rel=1e-6)


@pytest.mark.parametrize("tau", [0.0, 0.1, 0.3])
def test_the_interval_holds_a_planted_slope_as_often_as_it_says(tau):
    """Eight models, unequal errors and errors that shared texts tie together: 95 % ± Monte Carlo error."""
    rng, runs, k = np.random.default_rng(4), 3000, 8
    x = make_line(k)
    known = np.diag(np.linspace(0.01, 0.04, k)) + 0.01
    noise = rng.standard_normal((runs, k)) @ np.linalg.cholesky(known).T + tau * rng.standard_normal((runs, k))
    fits = regress(x, x @ np.array([1.0, -0.3]) + noise, np.tile(known, (runs, 1, 1)))
    slope, se = fits.coefficients[:, 1], np.sqrt(fits.covariance[:, 1, 1])
    assert slope.mean() == pytest.approx(-0.3, abs=4 * slope.std() / runs**0.5)
    held = np.mean(np.abs(slope + 0.3) <= stats.t.ppf(0.975, k - 2) * se)
    assert 0.93 <= held <= 0.97


def test_t_and_its_p():
    assert chance_of_t(2.0, 1.0, 6) == pytest.approx((2.0, 2 * stats.t.sf(2, 6)))
    assert chance_of_t(2.0, 0.0, 6) == (None, None)
