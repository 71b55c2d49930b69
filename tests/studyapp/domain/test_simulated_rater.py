import random

import pytest

from studyapp.domain.judgment import Judgment, judge_model_text
from studyapp.domain.simulated_rater import SimulatedRater, plant_accuracy


def measure_accuracy(planted, *, raters=400, trials=50):
    right = total = 0
    for seed in range(raters):
        rater = SimulatedRater(accuracy=planted, rng=random.Random(seed))
        for trial in range(trials):
            source = "model" if trial % 2 else "human"
            judgment = rater.judge(source=source)
            if judgment is not Judgment.DONT_KNOW:
                total += 1
                right += (judgment > Judgment.DONT_KNOW) == (source == "model")
    return right / total


@pytest.mark.parametrize("planted", [0.5, 0.6, 0.76, 0.86])
def test_raters_are_as_accurate_as_was_planted(planted):
    assert measure_accuracy(planted) == pytest.approx(planted, abs=0.02)  # 20,000 trials; 0.01 is three errors


@pytest.mark.parametrize("planted", [0.5, 0.6, 0.76, 0.86])
def test_raters_of_pairs_are_as_accurate_as_was_planted_whichever_stands_first(planted):
    for first in ("model", "human"):
        right = total = 0
        for seed in range(400):
            rater = SimulatedRater(accuracy=planted, rng=random.Random(seed))
            for _ in range(50):
                judgment = judge_model_text(rater.compare(first=first), first=first)
                total += judgment is not Judgment.DONT_KNOW
                right += judgment > Judgment.DONT_KNOW
        assert right / total == pytest.approx(planted, abs=0.02)  # 20,000 choices; 0.01 is three errors


def test_the_same_seed_judges_the_same():
    first, second = (SimulatedRater(accuracy=0.7, rng=random.Random(3)) for _ in range(2))
    assert [first.judge(source="model") for _ in range(50)] == [second.judge(source="model") for _ in range(50)]


LADDER = [10**6, 10**8, 10**10]


@pytest.mark.parametrize(
    ("n_params", "is_control", "expected"),
    [
        (10**5, True, 0.86),
        (None, False, 0.86),
        (10**6, False, 0.76),
        (10**8, False, 0.64),
        (10**10, False, 0.52),
        (10**12, False, 0.52),
    ],
)
def test_the_planted_curve_spans_the_studys_own_ladder(n_params, is_control, expected):
    planted = plant_accuracy(n_params=n_params, is_control=is_control, ladder=LADDER)
    assert planted == pytest.approx(expected)


def test_a_ladder_of_one_size_or_none_has_an_accuracy_too():
    assert plant_accuracy(n_params=5, is_control=False, ladder=[5]) == 0.76
    assert plant_accuracy(n_params=None, is_control=False, ladder=[]) == 0.86
