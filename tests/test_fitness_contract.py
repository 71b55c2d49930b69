"""[fitness] of a study file and the rules of the generator: neither imports the other, and here they meet."""

from dataclasses import fields

import pytest

from generator import fitness
from generator.fitness import FitnessError, FitnessRules
from studyapp.domain.text_design import FITNESS_FLAGS, FITNESS_RANGES, Fitness


def test_thresholds_and_flags_have_the_same_names():
    assert {field.name for field in fields(Fitness)} == {field.name for field in fields(FitnessRules)}
    assert set(FITNESS_FLAGS) == set(fitness.FLAGS)


@pytest.mark.parametrize("name", FITNESS_RANGES)
def test_both_take_the_same_values(name):
    low, high = FITNESS_RANGES[name]
    for value in (low, high):
        given = Fitness(**{name: value}).list_given()
        assert getattr(FitnessRules.from_mapping(given), name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"{name}: is"):
            Fitness(**{name: value})
        with pytest.raises(FitnessError, match=name):
            FitnessRules.from_mapping({name: value})


def test_what_a_study_sets_itself_comes_back():
    given = Fitness(min_words=50, disqualifying=("empty", "unfinished")).list_given()
    assert given == {"min_words": 50, "disqualifying": ["empty", "unfinished"]}
    assert Fitness.from_given(given) == Fitness(min_words=50, disqualifying=("empty", "unfinished"))
    rules = FitnessRules.from_mapping(given)
    assert not rules.allow(["unfinished"]) and rules.allow(["repetition"])
    with pytest.raises(ValueError, match="there is no flag dull"):
        Fitness(disqualifying=("dull",))
