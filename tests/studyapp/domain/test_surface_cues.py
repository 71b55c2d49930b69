import math
import random

import pytest

from studyapp.domain.surface_cues import FEATURES, cross_validate_threshold, measure_cues


def leave_one_item_out(human, model):
    """The same by hand: every rule tried on the other items' texts, in either direction, ties voting."""
    right = 0.0
    for left in range(len(human)):
        others_human, others_model = human[:left] + human[left + 1 :], model[:left] + model[left + 1 :]
        rules = []
        for threshold in {*others_human, *others_model, math.inf}:
            for above in (True, False):
                hits = sum((v >= threshold) == above for v in others_model)
                hits += sum((v >= threshold) != above for v in others_human)
                rules.append((hits, threshold, above))
        best = max(hits for hits, *_ in rules)
        votes = [
            ((model[left] >= threshold) == above) + ((human[left] >= threshold) != above)
            for hits, threshold, above in rules
            if hits == best
        ]
        right += sum(votes) / len(votes)
    return right / (2 * len(human))


@pytest.mark.parametrize("seed", range(20))
def test_the_quick_way_is_the_plain_one(seed):
    rng = random.Random(seed)
    human = [float(rng.randint(0, 12)) for _ in range(9)]
    model = [float(rng.randint(0, 12)) + rng.choice((0, 2)) for _ in range(9)]
    assert cross_validate_threshold(human, model) == pytest.approx(leave_one_item_out(human, model))


def test_a_feature_that_is_always_the_same_tells_nothing_and_one_that_parts_them_tells_all():
    assert cross_validate_threshold([3.0] * 10, [3.0] * 10) == 0.5
    assert cross_validate_threshold([1.0, 2.0] * 5, [7.0, 9.0] * 5) == 1.0
    assert cross_validate_threshold([7.0, 9.0] * 5, [1.0, 2.0] * 5) == 1.0


def write_text(rng, *, paragraphs, words=60):
    parts = []
    for _ in range(paragraphs):
        sentence = " ".join(rng.choice(("town", "rain", "mayor,", '"yes"', "1984", "said")) for _ in range(words))
        parts.append(sentence + rng.choice((".", ".", "")))
    return "\n\n".join(parts)


def test_texts_of_one_kind_are_seldom_said_to_differ():
    rng = random.Random(11)
    alarms = 0
    for _ in range(60):
        human, model = ([write_text(rng, paragraphs=rng.randint(1, 4)) for _ in range(25)] for _ in range(2))
        alarms += any(cue.is_telling for cue in measure_cues(human, model))
    assert alarms <= 6  # 60 runs at a rate of 0.05 give 3; more than 6 has a probability of 0.03


@pytest.mark.parametrize(
    ("feature", "change"),
    [
        ("length", lambda text: text + " and so on" * 20),
        ("paragraphs", lambda text: text.replace("\n\n", " ")),
        ("punctuation", lambda text: text.replace(",", "")),
        ("quotation marks", lambda text: text.replace('"', "")),
        ("digits", lambda text: text.replace("1984", "once")),
        ("a cut end", lambda text: text.rstrip(".") + " and"),
    ],
)
def test_a_planted_cue_is_found_by_its_name(feature, change):
    rng = random.Random(5)
    human = [write_text(rng, paragraphs=4) + "." for _ in range(25)]
    model = [change(write_text(rng, paragraphs=4) + ".") for _ in range(25)]
    telling = [cue.feature for cue in measure_cues(human, model) if cue.is_telling]
    assert feature in telling
    assert set(telling) <= set(FEATURES)


def test_few_items_measure_nothing_and_unequal_numbers_are_no_pairs():
    assert measure_cues(["a."] * 3, ["b."] * 3) == []
    with pytest.raises(ValueError, match="no pairs"):
        measure_cues(["a."], [])
