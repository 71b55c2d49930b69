"""Which context articles stand before an item: nested, by seed, by section, and in the order that is asked for."""

from datetime import date
from itertools import pairwise

import pytest

from studyapp.domain.context_choice import ContextFacts, ContextRule, choose_context
from studyapp.domain.text_design import ArmDesign

LISTED = [
    ContextFacts("a", "Town", date(2020, 1, 1)),
    ContextFacts("b", "Sport", date(2020, 1, 5)),
    ContextFacts("c", "Town", date(2020, 1, 9)),
    ContextFacts("d", "town", None),
    ContextFacts("e", "Sport", date(2020, 1, 6)),
]
ITEM = ContextFacts("x", "Town", date(2020, 1, 8))


def choose(**rule):
    return "".join(LISTED[place].key for place in choose_context(LISTED, item=ITEM, rule=ContextRule(**rule)))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, "abcde"),
        ({"shots": 0}, ""),
        ({"shots": 2}, "de"),
        ({"shots": 3, "order": "reversed"}, "edc"),
        ({"shots": 3, "order": "nearest-last"}, "cde"),
        ({"shots": 99}, "abcde"),
        ({"shots": 2, "choice": "section"}, "ac"),
        ({"shots": 3, "choice": "section", "order": "nearest-last"}, "dac"),
        ({"choice": "section", "order": "nearest-last"}, "bedac"),
    ],
)
def test_choice_and_order(rule, expected):
    assert choose(**rule) == expected


def test_fewer_are_the_first_of_more_and_the_seed_decides():
    for choice in ("fixed", "random", "section"):
        chosen = [choose(shots=shots, choice=choice, order="nearest-last", seed=4) for shots in range(6)]
        assert [len(keys) for keys in chosen] == [0, 1, 2, 3, 4, 5]
        assert all(more.endswith(fewer) for fewer, more in pairwise(chosen))
    drawn = {choose(shots=3, choice="random", seed=seed) for seed in range(20)}
    assert len(drawn) > 3 and choose(shots=3, choice="random", seed=2) == choose(shots=3, choice="random", seed=2)
    orders = {choose(shots=3, order="random", seed=seed) for seed in range(20)}
    assert len(orders) > 3 and {"".join(sorted(keys)) for keys in orders} == {"cde"}, "only the order is drawn"
    other = ContextFacts("y", "Town", date(2020, 1, 8))
    rules = [ContextRule(shots=3, choice="random", seed=seed) for seed in range(20)]
    assert any(choose_context(LISTED, item=ITEM, rule=r) != choose_context(LISTED, item=other, rule=r) for r in rules)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"shots": -1}, "shots: must be from 0"),
        ({"context_choice": "nearest"}, "context_choice: there is no 'nearest'; choose from fixed, random, section"),
        ({"context_order": "up"}, "context_order: there is no 'up'"),
        ({"context_seed": -3}, "context_seed: must be from 0"),
        ({"conditioned": False, "instruction": "Write."}, "instruction: an arm that is not conditioned"),
    ],
)
def test_what_an_arm_cannot_say(said, fault):
    with pytest.raises(ValueError, match=fault):
        ArmDesign(name="small", **said)
