import pytest

from studyapp.domain.deviation import CHANGEABLE, Change, DeviationRefusedError, plan_changes

CURRENT = {
    "targets.participants_per_cell": 40, "targets.dropout_minutes": 90, "recruitment.reward": "USD 12",
    "recruitment.contact": "", "texts.consent": "You may stop.", "debriefing.withdrawal_days": 30,
}  # fmt: skip


def test_only_what_differs_is_a_change():
    wanted = {**CURRENT, "targets.participants_per_cell": 50, "recruitment.contact": "lab@example.org"}
    assert plan_changes(current=CURRENT, wanted=wanted, reason="more power") == [
        Change("targets.participants_per_cell", 40, 50), Change("recruitment.contact", "", "lab@example.org"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "key", "fault"),
    [
        ({"targets.participants_per_cell": 39}, "targets.participants_per_cell", "can only go up from 40"),
        ({"targets.participants_per_cell": "50"}, "targets.participants_per_cell", "whole number"),
        ({"targets.dropout_minutes": True}, "targets.dropout_minutes", "whole number"),
        ({"recruitment.reward": 12}, "recruitment.reward", "must be a text"),
        ({"texts.consent": " "}, "texts.consent", "cannot be emptied"),
        ({"checks.exclusion_rules": "looked_up"}, "checks.exclusion_rules", "cannot be changed after launch"),
        ({"debriefing.withdrawal_days": 29}, "debriefing.withdrawal_days", "can only go up from 30: participants were"),
        ({"debriefing.withdrawal_days": "60"}, "debriefing.withdrawal_days", "whole number"),
        ({"study.seed": 3}, "study.seed", "cannot be changed after launch"),
    ],
)
def test_what_may_not_change_says_so_by_its_key(wanted, key, fault):
    with pytest.raises(DeviationRefusedError) as caught:
        plan_changes(current=CURRENT, wanted=wanted, reason="because")
    assert fault in caught.value.faults[key]


def test_days_of_withdrawal_may_become_more_or_lose_their_end_but_never_get_one():
    key = "debriefing.withdrawal_days"
    for after in (60, None):
        assert plan_changes(current=CURRENT, wanted={key: after}, reason="asked for") == [Change(key, 30, after)]
    with pytest.raises(DeviationRefusedError, match="no bound now, and none can be set: participants were promised"):
        plan_changes(current={key: None}, wanted={key: 3650}, reason="because")
    assert (
        CHANGEABLE[key].describe_rule(None) == "It has no bound, and stays so: participants were promised their days."
    )


def test_a_reward_may_be_taken_back_to_nothing_but_never_without_a_reason():
    assert plan_changes(current=CURRENT, wanted={"recruitment.reward": ""}, reason="unpaid now")
    with pytest.raises(DeviationRefusedError, match="say why"):
        plan_changes(current=CURRENT, wanted={"recruitment.reward": ""}, reason=" ")
    with pytest.raises(DeviationRefusedError, match="Nothing would change"):
        plan_changes(current=CURRENT, wanted=CURRENT, reason="because")
