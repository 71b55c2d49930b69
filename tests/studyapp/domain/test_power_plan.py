"""The assumptions that a study's page Plan begins with."""

import pytest

from studyapp.domain.power_plan import ArmFacts, assume_plan, count_trials

ARMS = [ArmFacts("control", 100, True), ArmFacts("small", 1000, False), ArmFacts("large", 10**9, False)]


def assume(**changes):
    values = {"arms": ARMS, "n_items": 25, "per_arm": 80, "platform": "prolific", "reward": "$6.50", "seed": 3}
    return assume_plan(**{**values, **changes})


def test_a_study_s_own_sizes_are_in_the_grid_and_its_arms_on_the_published_shape():
    plan = assume()
    assert plan["participants"] == [20, 40, 80, 160]
    assert plan["titles"] == [25, 50, 100]
    assert [arm["accuracy"] for arm in plan["arms"]] == pytest.approx([0.86, 0.76, 0.52])
    assert (plan["reward"], plan["currency"], plan["fee"]) == (6.5, "USD", 0.333)


def test_a_study_without_items_or_a_reward_has_a_plan_too():
    plan = assume(n_items=0, per_arm=2, reward="nothing: this is a demonstration", platform="anonymous")
    assert (plan["titles"], plan["participants"], plan["reward"], plan["fee"]) == ([25, 50, 100], [4], 0.0, 0.0)


def test_trials_are_counted_with_those_under_the_null():
    assert count_trials({**assume(), "participants": [10], "titles": [10, 40], "shown": 25, "runs": 100}) == (
        2 * 100 * 10 * 3 * (10 + 25)
    )
