"""The test of order: the published coefficients, exact shares counted by hand, and samples beside them."""

import numpy as np
import pytest
from scipy import stats

from analysis.rank_trend import rank_over_size
from tests.analysis.test_power_law import ACCURACIES, SIZES


def rank(sizes, values, seed=1):
    return rank_over_size(sizes, values, rng=np.random.default_rng(seed))


def test_the_published_accuracies():
    found = rank(SIZES, ACCURACIES)
    assert (round(found.spearman, 3), round(found.kendall, 3)) == (-0.850, -0.764)
    assert found.spearman == pytest.approx(stats.spearmanr(SIZES, ACCURACIES).statistic)
    assert found.kendall == pytest.approx(stats.kendalltau(SIZES, ACCURACIES).statistic)
    assert (found.orders, found.is_exact) == (40_320, True)
    assert 0.005 < found.p_spearman < 0.02


@pytest.mark.parametrize(("values", "share"), [([4, 3, 2, 1], 2 / 24), ([1, 2, 3, 4], 2 / 24), ([1, 3, 2, 4], 8 / 24)])
def test_four_models_by_hand(values, share):
    """Of 24 orders two are as strict; |ρ| ≥ 0.8 has these and the six that exchange one pair of neighbours."""
    assert rank([1, 2, 3, 4], values).p_spearman == pytest.approx(share)


def test_a_sample_is_near_the_count_and_the_same_for_a_seed(monkeypatch):
    exact = rank(SIZES, ACCURACIES)
    monkeypatch.setattr("analysis.rank_trend.MOST_EXACT", 7)
    drawn = rank(SIZES, ACCURACIES)
    assert not drawn.is_exact
    assert drawn.p_spearman == pytest.approx(exact.p_spearman, abs=4 * (exact.p_spearman / 20_000) ** 0.5)
    assert drawn == rank(SIZES, ACCURACIES)
    assert rank(range(9), range(9)).p_kendall == pytest.approx(1 / 20_001)  # never 0


@pytest.mark.parametrize(
    ("sizes", "values", "why"),
    [([], [], "there are 0"), ([1], [1], "there is 1"), ([1, 2, 3], [0.5] * 3, "same accuracy"),
     ([1, 1, 1], [1, 2, 3], "same size")],
)  # fmt: skip
def test_no_order_says_why(sizes, values, why):
    found = rank(sizes, values)
    assert why in found.reason
    assert found.p_spearman is None
