import pytest

from studyapp.domain.detection import ScoredText, measure_areas


def test_areas_are_by_arm_and_by_the_declared_sign():
    def make(arm, *scores, when="high"):
        return [ScoredText(arm, "d", "m", "nothing", when, score) for score in scores]

    scores = [*make(None, 1, 2, 3), *make("a", 2, 4), *make("b", 9)]
    (found,) = measure_areas(scores, arms=["a", "b", "c"])
    assert found.areas == (pytest.approx((1.5 + 3) / 6), None, None)
    turned = [ScoredText(s.arm, s.detector, s.scorer, s.given, "low", s.score) for s in scores]
    assert measure_areas(turned, arms=["a"])[0].areas == (pytest.approx(1 - 4.5 / 6),)
    assert found.label == "d"
