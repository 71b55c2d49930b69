"""Whether arms lose people alike: against scipy's exact test, under no difference, and what cannot be tested."""

import numpy as np
import pytest
from scipy import stats

from analysis.attrition import compare_dropouts, compare_exclusions, compare_losses
from analysis.flow import ArmFlow
from analysis.schema import STATUSES


def draw(seed=1):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("lost", "total"), [((2, 9), (20, 21)), ((0, 6), (12, 30)), ((5, 5), (10, 40))])
def test_two_arms_are_fishers_exact_test(lost, total):
    table = [[lost[0], total[0] - lost[0]], [lost[1], total[1] - lost[1]]]
    test = compare_losses(dict(zip("ab", lost, strict=True)), dict(zip("ab", total, strict=True)), rng=draw())
    assert test.p == pytest.approx(stats.fisher_exact(table).pvalue, abs=0.015)  # 9,999 draws: an SE of at most .005


def test_three_arms_against_all_tables_by_hand():
    # margins 4, 4, 4 with 4 lost; P(table) = Π C(4, k) / C(12, 4); observed (4, 0, 0): the three such tables, 3 / 495
    test = compare_losses({"a": 4, "b": 0, "c": 0}, {"a": 4, "b": 4, "c": 4}, rng=draw())
    assert test.p == pytest.approx(3 / 495, abs=0.003)


def test_no_difference_is_seldom_found():
    rng = draw(5)
    p = []
    for _ in range(60):
        lost = {arm: int(rng.binomial(40, 0.1)) for arm in "abcd"}
        p.append(compare_losses(lost, dict.fromkeys("abcd", 40), rng=rng).p or 1.0)
    assert sum(value <= 0.05 for value in p) <= 9  # 60 x .05 = 3


def test_what_cannot_be_tested_says_why():
    assert "nobody was lost" in compare_losses({"a": 0, "b": 0}, {"a": 5, "b": 5}, rng=draw()).reason
    assert "everybody" in compare_losses({"a": 5, "b": 5}, {"a": 5, "b": 5}, rng=draw()).reason
    assert "fewer than two" in compare_losses({"a": 1, "b": 0}, {"a": 5, "b": 0}, rng=draw()).reason


def test_who_is_lost_of_whom():
    counts = dict.fromkeys(STATUSES, 0) | {"enrolled": 3, "completed": 10, "dropped_out": 2, "withdrawn": 1}
    flow = ArmFlow("a", 16, counts, excluded=4, reasons={"looked_up": 4}, analysed=6)
    other = ArmFlow("b", 16, counts, excluded=0, reasons={}, analysed=10)
    assert compare_exclusions([flow, other], rng=draw()).total == {"a": 10, "b": 10}
    assert compare_exclusions([flow, other], rng=draw()).lost == {"a": 4, "b": 0}
    assert compare_dropouts([flow, other], rng=draw()).total == {"a": 13, "b": 13}
