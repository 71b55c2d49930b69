from decimal import Decimal

import pytest

from studyapp.domain.pay import Amount
from studyapp.domain.watching import JudgedTrial, Quartiles, find_quartiles, find_top_up, list_pay, score_arms

POUNDS = Amount(Decimal("4.50"), "GBP")


def test_quartiles_are_those_of_the_textbook():
    assert find_quartiles([]) is None
    assert find_quartiles([7.0]) == Quartiles(n=1, p25=7.0, median=7.0, p75=7.0)
    assert find_quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == Quartiles(n=5, p25=2.0, median=3.0, p75=4.0)
    assert find_quartiles([4.0, 1.0, 3.0, 2.0]) == Quartiles(n=4, p25=1.75, median=2.5, p75=3.25)  # numpy's default


def test_pay_is_judged_at_each_quarter():
    rows = list_pay(POUNDS, Quartiles(n=9, p25=20.0, median=30.0, p75=60.0))
    assert [(str(row.verdict.rate), row.verdict.level) for row in rows] == [
        ("GBP 13.50", "fair"), ("GBP 9.00", "fair"), ("GBP 4.50", "below"),
    ]  # fmt: skip
    assert list_pay(POUNDS, Quartiles(n=1, p25=0.0, median=0.0, p75=0.0)) == []


@pytest.mark.parametrize(
    ("amount", "median", "due"),
    [
        (POUNDS, 30.0, None),
        (POUNDS, 45.0, None),  # 6.00 an hour: the least
        (POUNDS, 50.0, "GBP 0.50"),
        (Amount(Decimal(4), "USD"), 31.0, "USD 0.14"),  # 8 * 31 / 60 = 4.1333, rounded in favour of the participant
        (Amount(Decimal(1), "EUR"), 60.0, None),  # no rule is known
    ],
)
def test_what_is_due_brings_the_median_to_the_least_pay(amount, median, due):
    found = find_top_up(amount, Quartiles(n=5, p25=1.0, median=median, p75=100.0))
    assert (None if found is None else str(found)) == due


def test_accuracy_is_a_mean_over_participants_without_dont_know():
    def answers(person, arm, *judged):
        return [JudgedTrial(person, arm, is_model, judgment) for is_model, judgment in judged]

    trials = [
        *answers(1, "small", (True, 5), (True, 4), (False, 1), (False, 3)),  # 3 of 3
        *answers(2, "small", (True, 2), (False, 4)),  # 0 of 2
        *answers(3, "large", (True, 3), (False, 3)),  # never said either
        *answers(4, "control", (True, 5), (False, 5)),  # 1 of 2
    ]
    scored = score_arms(trials)
    assert {arm: (found.participants, found.accuracy) for arm, found in scored.items()} == {
        "small": (2, 0.5), "control": (1, 0.5),
    }  # fmt: skip
