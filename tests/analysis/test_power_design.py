"""What a plan takes and refuses, the published shape, and the two scales of a spread."""

import json

import numpy as np
import pytest
from scipy import integrate, special, stats

from analysis.power_design import (
    Plan,
    PlanError,
    describe_plan,
    make_published_arms,
    place_on_curve,
    probit_sd,
    read_plan,
)


def test_the_published_shape_is_a_line_in_log_size():
    arms = {arm.name: arm for arm in make_published_arms()}
    assert len(arms) == 9
    assert (arms["control"].accuracy, arms["small"].accuracy, arms["175b"].accuracy) == (
        0.86,
        0.76,
        pytest.approx(0.52),
    )
    middle = place_on_curve(1e9, is_control=False, sizes=[1e8, 1e10])
    assert middle == pytest.approx(0.64)
    assert place_on_curve(1e9, is_control=False, sizes=[1e9], ends=(0.9, 0.7, 0.5)) == 0.7


@pytest.mark.parametrize("logit_sd", [0.25, 0.5, 1.0])
def test_a_logit_sd_becomes_the_probit_sd_that_spreads_probabilities_as_much(logit_sd):
    def variance(function, sd):
        return integrate.quad(lambda x: (function(x) - 0.5) ** 2 * stats.norm.pdf(x, 0, sd), -12 * sd, 12 * sd)[0]

    assert variance(special.ndtr, probit_sd(logit_sd)) == pytest.approx(variance(special.expit, logit_sd), rel=1e-5)


def test_a_plan_is_the_same_after_json():
    plan = read_plan(
        {"participants": [80, 20, 80], "titles": [50], "spread": {"item": 0.2}, "reward": 4.5, "fee": 0.25}
    )
    assert read_plan(json.loads(json.dumps(describe_plan(plan)))) == plan
    assert plan.participants == (20, 80)
    assert plan.cost(20) == pytest.approx(20 * 9 * 4.5 * 1.25)
    assert plan.largest.name == "175b"


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"particpants": [3]}, "there is no 'particpants'"),
        ({"participants": [2]}, "participants an arm: 2; it must be from 4"),
        ({"participants": []}, "a grid of 0 designs"),
        ({"titles": list(range(10, 100))}, "at most|64"),
        ({"runs": 5}, "runs: 5"),
        ({"spread": {"item": -1}}, "spread of item: -1"),
        ({"spread": {"items": 1}}, "another kind"),
        ({"dont_know": 0.95}, "I don't know"),
        ({"arms": []}, "no arm"),
        ({"arms": [{"name": "a", "n_params": None, "is_control": True, "accuracy": 0.9}]}, "no model's size is known"),
        ({"arms": [{"name": "a", "n_params": 1e6, "is_control": False, "accuracy": 1.2}]}, "a: an accuracy of 1.2"),
        ({"titles": ["many"]}, "another kind"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_what_to_change(mapping, said):
    with pytest.raises(PlanError, match=said):
        read_plan(mapping)


def test_the_spread_dilutes_what_d_prime_gives():
    """Accuracy over all participants and texts, by brute force, is the planned one."""
    spread = Plan(arms=make_published_arms()).spread
    rng = np.random.default_rng(3)
    d = 2 * special.ndtri(0.7) * spread.dilution
    n = 400_000
    latent = (d + spread.slope * rng.standard_normal(n)) / 2 + rng.standard_normal(n)
    for sd in (spread.participant, spread.title, spread.item):
        latent += sd * rng.standard_normal(n)
    assert (latent > 0).mean() == pytest.approx(0.7, abs=0.003)
