"""Pay an hour at the quartiles, and what is due, against values worked out by hand."""

import pytest

from studyapp.domain.prolific_pay import report_pay, write_amount


def test_quartiles_and_topups_of_five_people():
    # minutes 20, 24, 30, 36, 60: quartiles (inclusive) 24, 30, 36
    pay = report_pay(reward=300, currency="GBP", seconds=[60 * m for m in (60, 20, 36, 24, 30)])
    assert [row.minutes for row in pay.rows] == [24, 30, 36]
    assert [row.hourly for row in pay.rows] == [750, 600, 500]
    assert not pay.is_below_minimum  # £6.00 an hour exactly
    assert (pay.topup_to_minimum, pay.topup_to_recommended) == (0, 150)  # £9 an hour for 30 minutes is £4.50


@pytest.mark.parametrize(
    ("currency", "to_minimum", "to_recommended"),
    [("GBP", 100, 250), ("USD", 200, 400), ("EUR", 0, 0)],  # 30 minutes: £3 and £4.50, $4 and $6, unknown
)
def test_each_currency_has_its_own_minimum(currency, to_minimum, to_recommended):
    pay = report_pay(reward=200, currency=currency, seconds=[1800, 1800])
    assert (pay.topup_to_minimum, pay.topup_to_recommended) == (to_minimum, to_recommended)


def test_a_topup_is_rounded_up_so_that_the_median_reaches_the_minimum():
    pay = report_pay(reward=299, currency="GBP", seconds=[1801, 1801])  # 600 · 1801/3600 = 300.17
    assert pay.topup_to_minimum == 2


@pytest.mark.parametrize("seconds", [[], [1800], [0, 0]])
def test_nothing_is_said_of_one_person(seconds):
    assert report_pay(reward=300, currency="GBP", seconds=seconds) is None


@pytest.mark.parametrize(("hundredths", "written"), [(150, "1.50"), (5, "0.05"), (1000, "10.00"), (101, "1.01")])
def test_amounts_go_out_in_currency_units(hundredths, written):
    assert write_amount(hundredths) == written
