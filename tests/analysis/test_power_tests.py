"""The vectorised tests against those that the report uses, against plain sums, and against other people's numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis import power_tests
from analysis.comparison import adjust_holm, compare_with_control
from analysis.power_draws import ArmDraws
from analysis.power_tests import Estimate


def summarise(right, judged):
    """One arm's draws, a single run, from participants × titles; by plain sums."""
    accuracies = [r[j].mean() for r, j in zip(right, judged, strict=True)]
    mean, n = np.mean(accuracies), len(accuracies)
    scores = judged * (right - mean) / (n * judged.sum(1, keepdims=True))
    column = lambda value: np.array([value], dtype=float)  # noqa: E731
    draws = ArmDraws(
        truth=column(0.5), n=column(n), mean=column(mean), variance=column(np.var(accuracies, ddof=1)),
        titles=scores.sum(0)[None], cells=column((scores**2).sum()),
    )  # fmt: skip
    return draws, accuracies, scores


def draw(rng, *, people, titles, share):
    judged = rng.random((people, titles)) < 0.9
    return (rng.random((people, titles)) < share) & judged, judged


def test_the_published_tests_are_those_of_the_report():
    rng = np.random.default_rng(1)
    control, control_accuracies, _ = summarise(*draw(rng, people=12, titles=10, share=0.8))
    model, accuracies, _ = summarise(*draw(rng, people=9, titles=10, share=0.6))
    expected = compare_with_control({"c": control_accuracies, "m": accuracies}, control="c")["m"]
    contrast = power_tests.estimate_contrast(control, model, method="participants")
    assert contrast.two_sided() == pytest.approx(expected.p)
    assert contrast.value == pytest.approx(expected.difference)
    low, high = stats.t.interval(0.95, 8, np.mean(accuracies), stats.sem(accuracies))
    arm = power_tests.estimate_arm(model, method="participants")
    assert arm.covers(np.array([low + 1e-9]), alpha=0.05)
    assert not arm.covers(np.array([high + 1e-9]), alpha=0.05)


def test_the_two_way_variance_is_participants_plus_titles_less_trials():
    """Cameron, Gelbach and Miller (2011), each part with its own small-sample factor, by explicit clusters."""
    rng = np.random.default_rng(2)
    titles = 8
    right, judged = draw(rng, people=20, titles=titles, share=0.5)
    right[:, :3] = judged[:, :3]  # some titles are easy, so that titles matter
    arm, _, scores = summarise(right, judged)
    people = sum(row.sum() ** 2 for row in scores) * 20 / 19
    by_title = sum(scores[:, t].sum() ** 2 for t in range(titles)) * titles / (titles - 1)
    expected = people + by_title - (scores**2).sum()
    estimate = power_tests.estimate_arm(arm, method="two_way")
    assert estimate.se**2 == pytest.approx(max(expected, people, by_title))
    assert expected > max(people, by_title) * 0.9
    assert estimate.df == titles - 1


def test_what_both_arms_share_falls_out_of_their_contrast():
    rng = np.random.default_rng(3)
    right, judged = draw(rng, people=20, titles=8, share=0.5)
    arm, _, _ = summarise(right, judged)
    contrast = power_tests.estimate_contrast(arm, arm, method="two_way")
    assert contrast.value == pytest.approx(0)
    assert contrast.se**2 == pytest.approx(2 * arm.variance / arm.n)  # nothing of the titles is left


def test_it_is_never_narrower_than_one_way():
    one = lambda value: np.array([value])  # noqa: E731
    arm = ArmDraws(one(0.5), one(10.0), one(0.5), one(0.1), np.zeros((1, 5)), one(0.02))
    assert power_tests.estimate_arm(arm, method="two_way").se ** 2 == pytest.approx(0.01)


@given(arrays(float, (3, 5), elements=st.floats(0, 1)))
def test_holm_for_many_families_is_holm_for_each(p):
    adjusted = power_tests.adjust_holm_runs(p)
    for row, expected in zip(adjusted, p, strict=True):
        assert row == pytest.approx(adjust_holm(expected))


def test_with_equal_variances_it_is_ordinary_regression():
    """Knapp and Hartung's variance is then that of least squares, whatever the variance between models."""
    rng = np.random.default_rng(5)
    sizes = 10.0 ** np.arange(6, 12)
    means = 0.6 + 0.03 * rng.standard_normal((10, 6))
    for variance in (1e-5, 1e-2):
        slopes = power_tests.regress_on_log_size(sizes, means, np.full((10, 6), variance))
        for value, p, y in zip(slopes.value, slopes.two_sided(), means, strict=True):
            line = stats.linregress(np.log10(sizes), y)
            assert (value, p) == (pytest.approx(-line.slope), pytest.approx(line.pvalue))


def test_equivalence_of_a_mean():
    """TOSTone(.54, .5, sd 1.2, n 100, ±.3 sd) of Lakens's package: p = .000604 and .004475; the larger counts."""
    estimate = Estimate(np.array([0.54]), np.array([0.12]), np.array([99.0]))
    assert power_tests.judge_equivalence(estimate, bound=0.3 * 1.2) == pytest.approx(0.00447461861128111)


def test_nobody_differs_from_anybody():
    estimate = Estimate(np.array([0.0, 0.2]), np.zeros(2), np.array([5.0, 5.0]))
    assert estimate.two_sided().tolist() == [1.0, 0.0]


def test_two_sizes_have_no_trend():
    arm = summarise(*draw(np.random.default_rng(6), people=6, titles=6, share=0.5))[0]
    assert power_tests.estimate_trend([arm, arm, arm], [1e6, 1e7, 1e7], method="two_way") is None
