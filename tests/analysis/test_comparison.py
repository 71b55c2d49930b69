"""Student's t and Holm against numbers that R and scipy's documentation print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.accuracy import estimate_mean
from analysis.comparison import Comparison, adjust_holm, compare_with_control

# R's data set `sleep` (Cushny and Peebles 1905), and t.test(extra ~ group, var.equal = TRUE)
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)


def test_students_t_of_r():
    result = compare_with_control({"control": SLEEP[0], "model": SLEEP[1]}, control="control")["model"]
    assert result.t == pytest.approx(-1.86081346748685, rel=1e-12)
    assert result.df == 18
    assert result.p == pytest.approx(0.0791867142159382, rel=1e-12)
    assert result.difference == pytest.approx(-1.58)
    assert (result.low, result.high) == pytest.approx((-3.363874, 0.203874), abs=1e-6)  # R's interval
    assert result.p_holm == result.p  # a family of one


def test_control_minus_arm():
    result = compare_with_control({"c": [0.9, 0.8, 0.85], "m": [0.5, 0.6, 0.55]}, control="c")
    assert set(result) == {"m"}
    assert result["m"].difference == pytest.approx(0.3)
    assert result["m"].t > 0


def test_mean_and_interval_of_r():
    result = estimate_mean(SLEEP[0])  # t.test(sleep$extra[1:10])
    assert (result.n, result.mean) == (10, pytest.approx(0.75))
    assert (result.low, result.high) == pytest.approx((-0.5297804, 2.0297804), abs=1e-6)


@pytest.mark.parametrize(("values", "mean"), [([], None), ([0.5], 0.5), ([0.5, 0.75], 0.625)])
def test_too_few_for_an_interval(values, mean):
    """Of two, t(0.975; 1) = 12.7 would make it run from -96 to 221 %."""
    result = estimate_mean(values)
    assert (result.n, result.mean, result.low, result.high) == (len(values), mean, None, None)
    assert (result.sd is None) == (len(values) < 2)


def test_an_interval_is_cut_off_at_what_a_share_can_be():
    values = [1.0, 1.0, 0.7]
    free, cut = estimate_mean(values), estimate_mean(values, possible=(0.0, 1.0))
    assert free.high > 1 and not free.is_cut
    assert (cut.low, cut.high, cut.is_cut) == (free.low, 1.0, True)
    compared = compare_with_control(
        {"c": values, "m": [0.0, 0.0, 0.3], "two": [0.1, 0.2]}, control="c", possible=(-1, 1)
    )
    assert compared["m"].high == 1 and 0 < compared["m"].low < 1
    assert compared["two"].low is None and compared["two"].p is not None


def test_holm_of_r():
    p = [0.01, 0.04, 0.03, 0.005, 0.2, 0.8, 0.049, 0.0001]  # R: p.adjust(p, "holm")
    assert adjust_holm(p) == pytest.approx([0.06, 0.16, 0.15, 0.035, 0.4, 0.8, 0.16, 0.0008])


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_and_keeps_the_order(p):
    adjusted = adjust_holm(p)
    assert all(raw <= new <= 1 for raw, new in zip(p, adjusted, strict=True))
    pairs = sorted(zip(p, adjusted, strict=True))
    assert [new for _, new in pairs] == sorted(new for _, new in pairs)


def test_holm_counts_only_what_could_be_tested():
    values = {"c": [0.9, 0.7, 0.8], "one": [0.5], "two": [0.6, 0.5, 0.7], "three": [0.5, 0.4, 0.6]}
    result = compare_with_control(values, control="c")
    assert result["one"].t is None
    assert "two participants" in result["one"].reason
    smaller, larger = sorted((result["two"], result["three"]), key=lambda comparison: comparison.p)
    assert smaller.p_holm == pytest.approx(2 * smaller.p)
    assert larger.p_holm == pytest.approx(max(larger.p, 2 * smaller.p))


def test_without_spread_there_is_a_difference_and_no_test():
    result = compare_with_control({"c": [1.0, 1.0], "m": [0.5, 0.5]}, control="c")["m"]
    assert (result.difference, result.t, result.p) == (0.5, None, None)
    assert result.reason


def test_without_a_control_every_arm_has_the_reason():
    result = compare_with_control({"m": [0.5, 0.6]}, control=None)
    assert result == {"m": Comparison(reason="the study has no control arm")}
