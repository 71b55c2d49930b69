from decimal import Decimal

import pytest

from studyapp.domain.pay import Amount, estimate_time, judge_pay, parse_reward, propose_rewards


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("USD 12", "USD 12.00"),
        ("$12", "USD 12.00"),
        ("US$ 6.50 for the whole", "USD 6.50"),
        ("£4.50", "GBP 4.50"),
        ("€6,50", "EUR 6.50"),
        ("12 EUR", "EUR 12.00"),
        ("about 30 minutes, CHF 10", "CHF 10.00"),
        ("nothing: this is a demonstration", None),
        ("USD 12 (about GBP 9)", None),
        ("12", None),
        ("one course credit", None),
        ("the 12 top raters win", None),
        ("USD 12 an hour", None),
        ("$12/h", None),
        ("", None),
    ],
)
def test_the_one_sum_that_a_reward_names_is_read(text, amount):
    read = parse_reward(text)
    assert (None if read is None else str(read)) == amount


@pytest.mark.parametrize(
    ("value", "currency", "minutes", "rate", "level"),
    [
        ("12", "USD", 60, "USD 12.00", "fair"),
        ("6", "USD", 30, "USD 12.00", "fair"),
        ("12", "USD", 30, "USD 24.00", "high"),
        ("11.99", "USD", 30, "USD 23.98", "fair"),
        ("4", "USD", 30, "USD 8.00", "low"),
        ("3.99", "USD", 30, "USD 7.98", "below"),
        ("4.50", "GBP", 30, "GBP 9.00", "fair"),
        ("2.99", "GBP", 30, "GBP 5.98", "below"),
        ("3", "EUR", 30, "EUR 6.00", "unknown"),
    ],
)
def test_pay_an_hour_is_held_against_the_rule_of_its_currency(value, currency, minutes, rate, level):
    verdict = judge_pay(Amount(Decimal(value), currency), minutes=minutes)
    assert (str(verdict.rate), verdict.level) == (rate, level)


def test_no_time_is_no_rate():
    with pytest.raises(ValueError, match="no time"):
        judge_pay(Amount(Decimal(1), "USD"), minutes=0)


def test_the_minutes_of_the_worked_example():
    """STATISTICS, pay helper: 25 articles of 208 words are 22 minutes of reading, 4 of answering, 4 beside."""
    time = estimate_time([208] * 25, n_shown=25)
    assert (round(time.reading), round(time.answering), round(time.overhead)) == (22, 4, 4)
    assert round(time.total) == 30
    assert propose_rewards(30) == (Amount(Decimal("6.00"), "USD"), Amount(Decimal("4.50"), "GBP"))


def test_fewer_shown_than_there_are_take_less():
    assert estimate_time([200, 300], n_shown=10).reading == pytest.approx(250 * 10 / 238)
    assert estimate_time([], n_shown=0).total == 4
