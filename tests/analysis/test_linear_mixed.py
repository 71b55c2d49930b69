"""The linear mixed model against numbers of R's lmerTest, one fit inside and one on the boundary."""

import numpy as np
import pytest
from scipy import stats

from analysis import linear_mixed
from analysis.linear_mixed import NoLinearFitError, fit_linear
from analysis.linear_mixed_system import System

ROWS = 360
# item's part of y: coefficients as (estimate, standard error, df), sd of participant, title, item, residual, REML
GOLDEN = {
    "inside": (
        lambda item: 0.5 * np.cos(17 * item * item),
        [
            (2.90204635008933, 0.121984184397, 26.78203964968),
            (-0.17123046043375, 0.0357691003734, 308.73766642322),
            (0.05169861515711, 0.123764750651, 9.37813054533),
            (0.00710483908603, 0.0430122818807, 29.18357297156),
        ],
        (0.237234996194, 0.244626234284, 0.298038735342, 0.214913700988),
        94.009546833251,
    ),
    "boundary": (
        lambda item: 0.15 * np.cos(11 * item),
        [
            (3.0001046425641, 0.0922630568667, 40.1267103632),
            (-0.1716829060501, 0.0355797902555, 321.5978799463),
            (-0.0320743465725, 0.0225944374586, 317.0161843862),
            (0.0101661380475, 0.0399439219907, 27.9994704545),
        ],
        (0.236199775153, 0.185396590037, 0.0, 0.214349654458),
        45.355100635477,
    ),
}


def make_data(item_part):
    i = np.arange(ROWS)
    person = i // 12
    title = (i % 12 + 5 * (person % 3)) % 12
    item = title * 2 + (title + person) % 2
    y = 3 + 0.4 * np.sin(3 * person + 1) + 0.2 * np.sin(7 * title + 2) + item_part(item)
    y = y + 0.3 * np.sin(i * i * 0.7 + 1) - 0.02 * (i % 12)
    x = np.column_stack([np.ones(ROWS), (i % 12) / 10, np.where((title + person) % 2 == 1, 0.5, -0.5), person % 4])
    return y, x, [("p", person), ("t", title), ("item", item)]


@pytest.mark.parametrize("name", GOLDEN)
def test_agrees_with_lmertest(name):
    item_part, coefficients, sd, deviance = GOLDEN[name]
    y, x, groups = make_data(item_part)
    fitted = fit_linear(y, x, ("(Intercept)", "x1", "x2", "x3"), groups)
    for own, (value, se, df) in zip(fitted.coefficients, coefficients, strict=True):
        assert own.value == pytest.approx(value, abs=1e-6)
        assert own.se == pytest.approx(se, rel=2e-5)
        assert own.df == pytest.approx(df, rel=1e-4)
        assert own.p == pytest.approx(2 * stats.t.sf(abs(own.value / own.se), own.df), rel=1e-12)
    assert (*fitted.sd, fitted.residual_sd) == pytest.approx(sd, abs=1e-5)
    assert fitted.deviance == pytest.approx(deviance, abs=1e-5)


def test_slopes_are_those_of_differences():
    y, x, groups = make_data(GOLDEN["inside"][0])
    keep = np.arange(ROWS) % 7 > 0  # levels with different numbers of rows
    system = System(y[keep], x[keep], [(name, index[keep]) for name, index in groups])
    theta, step = np.array([0.9, 0.7, 1.3]), 1e-5
    slopes = system.at(theta).slopes(variances=True)
    for place in range(3):
        shift = step * np.eye(3)[place]
        above, below = system.at(theta + shift), system.at(theta - shift)
        found = (above.log_determinant - below.log_determinant) / (2 * step)
        assert slopes.log_determinant[place] == pytest.approx(found, rel=1e-6)
        assert slopes.rest[place] == pytest.approx((above.rest - below.rest) / (2 * step), rel=1e-6, abs=1e-8)
        found = np.diag(above.unscaled_covariance - below.unscaled_covariance) / (2 * step)
        assert slopes.variances[place] == pytest.approx(found, rel=1e-5, abs=1e-9)


def test_a_variance_that_fell_to_0_by_a_step_too_long_comes_back(monkeypatch):
    y, x, groups = make_data(GOLDEN["inside"][0])
    names = ("(Intercept)", "x1", "x2", "x3")
    descend, calls = linear_mixed._descend, []

    def fall(system, theta):
        calls.append(theta)
        return np.zeros(3) if len(calls) == 1 else descend(system, theta)

    monkeypatch.setattr(linear_mixed, "_descend", fall)
    assert fit_linear(y, x, names, groups).deviance == pytest.approx(GOLDEN["inside"][3], abs=1e-5)
    assert len(calls) == 2


def test_one_group_in_balance_is_the_analysis_of_variance():
    rng = np.random.default_rng(4)
    person = np.repeat(np.arange(15), 8)
    y = rng.normal(0, 1, 15)[person] + rng.normal(0, 0.5, 120)
    fitted = fit_linear(y, np.ones((120, 1)), ("(Intercept)",), [("p", person)])
    means = y.reshape(15, 8).mean(1)
    (mean,) = fitted.coefficients
    assert mean.value == pytest.approx(y.mean())
    assert mean.se == pytest.approx(means.std(ddof=1) / 15**0.5, rel=1e-6)
    assert mean.df == pytest.approx(14, rel=1e-4)


@pytest.mark.parametrize(
    ("y", "index", "word"),
    [([1.0, 1.0, 1.0, 1.0], [0, 0, 1, 1], "the same"), ([1.0, 2.0, 3.0, 4.0], [0, 0, 0, 0], "more than one"),
     ([1.0, 2.0], [0, 1], "too few")],
)  # fmt: skip
def test_what_cannot_be_fitted_says_why(y, index, word):
    with pytest.raises(NoLinearFitError, match=word):
        fit_linear(np.array(y), np.ones((len(y), 1)), ("(Intercept)",), [("p", np.array(index))])
