"""The check of printed tests: what rounding allows, published pairs that cannot be, and where in results it looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis import wording
from analysis.self_check import belongs_together, bound_p, list_tests, read_ends


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("3.9", 3.85, 3.95), ("-0.20", -0.205, -0.195), ("12", 11.5, 12.5), ("2e-4", 1.5e-4, 2.5e-4),
     ("3.2e-23", 3.15e-23, 3.25e-23), ("0.0e+00", -0.05, 0.05)],
)  # fmt: skip
def test_what_a_printed_number_stands_for(text, low, high):
    ends = read_ends(text)
    assert (ends.low, ends.high) == (pytest.approx(low), pytest.approx(high))


def test_no_number():
    with pytest.raises(ValueError, match="is no number"):
        read_ends("< .001")


def test_the_p_of_a_printed_t():
    """Medium of the published table, by STATISTICS' ends: 5e-19 to 1e-18."""
    ends = bound_p("10.3", 140)
    assert (ends.low, ends.high) == (pytest.approx(5.4e-19, rel=0.01), pytest.approx(9.7e-19, rel=0.01))
    around = bound_p("0.0", 5)  # t = 0 lies between its ends
    assert around.high == 1.0


@given(t=st.floats(-40, 40), df=st.integers(1, 400))
def test_what_is_printed_of_a_true_test_belongs_together(t, df):
    p = 2 * stats.t.sf(abs(t), df)
    assert belongs_together(wording.number(t, 2), df, wording.p_value(p))


@pytest.mark.parametrize(
    ("t", "df", "p", "is_consistent"),
    [(2.0, 10, 0.07338803477074039, True), (2.0, 10, 0.07, False), (15.3, 135, 1e-32, False)],
)
def test_numbers_in_full(t, df, p, is_consistent):
    (test,) = list_tests({"arms": [{"arm": "a", "t": t, "df": df, "p": p}]})
    assert (test.place, test.is_consistent) == ("arms.0", is_consistent)


def test_where_it_looks():
    above, below = stats.t.sf(3.0, 99), stats.t.cdf(-2.0, 99)
    results = {
        "equivalence": {"arms": [{"df": 99, "t": None, "p": None, "tests": [
            {"above": {"bound": 0.45, "t": 3.0, "p": above}, "below": {"bound": 0.55, "t": -2.0, "p": below}}]}]},
        "words": ["t", {"t": 1.0, "df": 3}], "curve": {"t": float("nan"), "df": 3, "p": float("nan")},
    }  # fmt: skip
    found = list(list_tests(results))
    assert [test.is_consistent for test in found] == [True, True]
    assert [test.df for test in found] == [99, 99]
    two_sided = {"df": 99, "t": 3.0, "p": above}
    assert [test.is_consistent for test in list_tests(two_sided)] == [False]
