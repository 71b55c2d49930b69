import random
from dataclasses import replace

import pytest
from scipy.stats import wilcoxon

from studyapp.domain.blinding_audit import Exchange
from studyapp.domain.blinding_times import audit_times, compare_times, find_signed_rank_p
from tests.studyapp.domain.test_blinding_audit import PAGE


@pytest.mark.parametrize(("n", "method"), [(6, "exact"), (12, "exact"), (60, "approx")])
def test_the_p_value_is_that_of_the_reference(n, method):
    rng = random.Random(n)
    for shift in (0.0, 0.5, 1.5):
        values = [rng.gauss(shift, 1) for _ in range(n)]
        expected = wilcoxon(values, method=method, correction=True).pvalue
        assert find_signed_rank_p(values) == pytest.approx(expected, rel=1e-6)


def test_ties_and_zeros_are_taken_as_the_reference_takes_them():
    values = [0, 1, 1, -1, 2, 2, -2, 3, 3, 3, 4, 4, -4, 5, 5, 6, 6, 7, 7, 8]
    expected = wilcoxon(values, zero_method="wilcox", method="approx", correction=True).pvalue
    assert find_signed_rank_p(values) == pytest.approx(expected, rel=1e-6)
    assert find_signed_rank_p([0.0, 0.0]) == 1.0


def fetch(delay, *, n=40, seed=3):
    rng = random.Random(seed)
    return [
        Exchange(
            trial=str(number),
            sent=tuple(
                replace(PAGE, source=source, seconds=rng.lognormvariate(-4.6, 0.3) + delay * (source == "model"))
                for source in ("human", "model") * 4
            ),
        )
        for number in range(n)
    ]


@pytest.mark.parametrize(("delay", "level"), [(0.0, "pass"), (0.0025, "warn"), (0.02, "refuse"), (-0.008, "refuse")])
def test_a_delay_is_found_by_its_size(delay, level):
    times = compare_times(fetch(delay))
    (finding,) = audit_times(times)
    assert finding.level == level, finding
    assert f"over {times.n} pages" in finding.message


def test_pages_alike_are_seldom_said_to_differ():
    levels = [audit_times(compare_times(fetch(0.0, n=30, seed=seed)))[0].level for seed in range(40)]
    assert levels.count("refuse") == 0
    assert levels.count("warn") <= 2


def test_without_fetches_there_is_nothing_to_say():
    assert compare_times([]) is None
    assert audit_times(None) == []
