"""The checks of a rehearsal: what passes, what does not, and how often a true plant is taken for a false one."""

import math
import random

import pytest

from studyapp.domain.rehearsal_verdict import ArmPlant, Plant, judge_rehearsal


def make_arm(name, expected, *, n_params, control=False, trials=200, participants=10):
    variance = 0.0 if expected is None else expected * (1 - expected) / trials
    return ArmPlant(name, name, n_params, control, expected or 0.5, expected, variance, participants)


ARMS = (
    make_arm("control", 0.86, n_params=100, control=True),
    make_arm("small", 0.76, n_params=1000),
    make_arm("large", 0.52, n_params=1_000_000),
)
FLOW = {"by_status": {"completed": 10, "dropped_out": 1, "enrolled": 0}, "reasons": {"looked_up": 2}}


def make_plant(**changes):
    values = {
        "arms": ARMS, "completed": 30, "dropouts": 3, "exclusions": {"looked_up": 6}, "answers": 300,
        "stored_answers": 300, "cells": (("small, form A", 5, 5),),
    }  # fmt: skip
    return Plant(**{**values, **changes})


def make_results(accuracies=(0.85, 0.77, 0.53), **changes):
    arms = [
        {"arm": arm.arm, "accuracy": accuracy, "ci_low": accuracy - 0.1, "ci_high": accuracy + 0.1, "participants": 10}
        for arm, accuracy in zip(ARMS, accuracies, strict=True)
    ]
    return {"arms": arms, "flow": [FLOW] * 3, "manifest": {"simulated": True}, **changes}


def failed(plant, results):
    verdict = judge_rehearsal(plant, results)
    checks = [(check.name, check.subject) for check in verdict.checks if check.passed is False]
    assert verdict.passed == (not checks)
    return checks


def test_what_was_planted_and_found_passes():
    assert failed(make_plant(), make_results()) == []


@pytest.mark.parametrize(
    ("plant", "results", "expected"),
    [
        ({}, {"accuracies": (0.15, 0.23, 0.47)}, [("accuracy", "control"), ("accuracy", "small"), ("trend", "")]),
        ({}, {"accuracies": (0.85, 0.53, 0.76)}, [("accuracy", "small"), ("accuracy", "large"), ("trend", "")]),
        ({"stored_answers": 301}, {}, [("answers stored once", "")]),
        ({"dropouts": 2}, {}, [("dropped out", "")]),
        ({"completed": 29}, {}, [("completed", "")]),
        ({"exclusions": {"looked_up": 5}}, {}, [("excluded", "looked_up")]),
        ({"cells": (("a", 5, 4),)}, {}, [("cells filled", ""), ("cell", "a")]),
        ({}, {"manifest": {}}, [("marked as simulated", "")]),
    ],
)
def test_each_fault_fails_its_own_check(plant, results, expected):
    assert failed(make_plant(**plant), make_results(**results)) == expected


def test_an_arm_whose_participants_are_lost_on_the_way_fails():
    results = make_results()
    results["arms"][1]["participants"] = 9
    assert failed(make_plant(), results) == [("accuracy", "small")]


def test_a_rule_that_nobody_breaks_on_purpose_decides_nothing():
    plant = make_plant(exclusions={})
    (check,) = [c for c in judge_rehearsal(plant, make_results()).checks if c.name == "excluded"]
    assert (check.passed, check.found) == (None, 6)


def test_with_few_people_the_trend_says_that_it_cannot_decide():
    arms = (make_arm("small", 0.55, n_params=1000, trials=10), make_arm("large", 0.5, n_params=10**6, trials=10))
    results = {**make_results(), "arms": [{"arm": "small", "accuracy": 0.5, "participants": 10},
                                          {"arm": "large", "accuracy": 0.6, "participants": 10}]}  # fmt: skip
    (check,) = [c for c in judge_rehearsal(make_plant(arms=arms), results).checks if c.name == "trend"]
    assert check.passed
    assert "cannot be decided" in check.note


def test_an_arm_with_nobody_to_analyse_must_have_no_accuracy():
    arms = (make_arm("small", None, n_params=1000, participants=0),)
    results = {**make_results(), "arms": [{"arm": "small", "accuracy": None, "participants": 0}]}
    checks = judge_rehearsal(make_plant(arms=arms), results).checks
    assert [c.passed for c in checks if c.name == "accuracy"] == [True]


def test_a_true_plant_is_taken_for_a_false_one_in_about_a_hundredth():
    rng = random.Random(5)
    alarms = 0
    for _ in range(1500):
        accuracies = [rng.gauss(arm.expected, math.sqrt(arm.variance)) for arm in ARMS]
        alarms += not judge_rehearsal(make_plant(), make_results(accuracies)).passed
    assert alarms / 1500 < 0.02
