"""Tests of equivalence against published examples, and what a verdict may say."""

import numpy as np
import pytest

from analysis.equivalence import bound_both, judge_arms, smallest_equivalent
from analysis.estimate import Estimate, estimate_normal


def test_the_published_one_sample_example():
    """Lakens' TOSTone(.54, .5, 1.2, 100, ±.3 d)."""
    above, below = bound_both(Estimate(0.54, 0.12), 99, delta=0.36)
    assert (above.t, above.p) == pytest.approx((3.33333333333333, 0.00060400208800612))
    assert (below.t, below.p) == pytest.approx((-2.66666666666667, 0.00447461861128111))


def test_the_example_of_an_accuracy():
    """Mean .52, SD .11, 71 participants: equivalent within 5 points, inconclusive within 3 (worked by hand)."""
    estimate = estimate_normal(0.52, 0.11 / 71**0.5, df=70)
    above, below = bound_both(estimate, 70, delta=0.05)
    assert (above.t, below.t, below.p) == pytest.approx((5.3621, -2.2980, 0.0123), abs=1e-4)
    assert bound_both(estimate, 70, delta=0.03)[1].p == pytest.approx(0.2231, abs=1e-4)
    (verdict,) = judge_arms({"arm": (estimate, 70)})
    assert verdict.verdict == "equivalent"
    assert verdict.at(0.03).verdict == "inconclusive"
    assert verdict.at(0.10).verdict == "equivalent"


@pytest.mark.parametrize(
    ("value", "se", "verdict"),
    [
        (0.500, 0.010, "equivalent"),
        (0.700, 0.020, "different"),
        (0.530, 0.008, "both"),
        (0.520, 0.060, "inconclusive"),
    ],
)
def test_the_four_outcomes(value, se, verdict):
    (found,) = judge_arms({"arm": (estimate_normal(value, se, df=40), 40)})
    assert found.verdict == verdict
    # equivalence within δ is the 90 % interval within the bounds
    assert (smallest_equivalent(found) < 0.05) == (verdict in ("equivalent", "both"))


def test_many_arms_make_a_verdict_harder():
    """A p of .03 alone is enough, of nine it is not."""
    alone = {"arm": (estimate_normal(0.5, 0.0258, df=60), 60)}
    assert judge_arms(alone)[0].at(0.05).p == pytest.approx(0.0287, abs=5e-4)
    assert judge_arms(alone)[0].verdict == "equivalent"
    many = {f"arm{number}": alone["arm"] for number in range(9)}
    assert {found.verdict for found in judge_arms(many)} == {"inconclusive"}


def test_turning_right_and_wrong_round_changes_no_verdict():
    rng = np.random.default_rng(3)
    values = rng.uniform(0.3, 0.7, 12)
    one = judge_arms({str(n): (estimate_normal(value, 0.02, df=24), 24) for n, value in enumerate(values)})
    other = judge_arms({str(n): (estimate_normal(1 - value, 0.02, df=24), 24) for n, value in enumerate(values)})
    assert [arm.verdict for arm in one] == [arm.verdict for arm in other]


def test_an_arm_without_a_standard_error_has_no_test():
    found = judge_arms({"all right": (Estimate(1.0, 0.0), 20), "empty": (Estimate(None), None)})
    assert [arm.verdict for arm in found] == ["no test", "no test"]
    assert smallest_equivalent(found[1]) is None
