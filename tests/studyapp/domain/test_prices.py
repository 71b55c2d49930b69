from decimal import Decimal

import pytest

from studyapp.domain.prices import Price, compute_cost, find_price, parse_amount, parse_prices


def test_prices_are_read_by_model_and_a_star_is_any_other():
    prices = parse_prices("family/large=0.15/0.60, tiny:1b=0/0.1 ,*=1/2")
    assert find_price(prices, "family/large") == Price(Decimal("0.15"), Decimal("0.60"))
    assert find_price(prices, "tiny:1b").completion == Decimal("0.1")
    assert find_price(prices, "other") == Price(Decimal(1), Decimal(2))
    assert find_price(parse_prices(""), "other") is None


@pytest.mark.parametrize(
    "text", ["large", "large=1", "large=1/x", "large=-1/2", "=1/2", "large=1/2/3", "large=1.2.3/1"]
)
def test_what_is_no_price_is_named(text):
    with pytest.raises(ValueError, match=r"BYLINE_OPENAI_PRICES.*must be MODEL=IN/OUT"):
        parse_prices(text)


def test_a_cost_is_tokens_times_price():
    price = Price(Decimal("0.15"), Decimal("0.60"))
    assert compute_cost(price, prompt_tokens=2_000_000, completion_tokens=500_000) == Decimal("0.60")
    assert compute_cost(price, prompt_tokens=1, completion_tokens=10) == Decimal("0.000006")
    assert compute_cost(None, prompt_tokens=10**9, completion_tokens=10**9) == 0


@pytest.mark.parametrize(("text", "amount"), [("25", Decimal(25)), (" 12.50 ", Decimal("12.5")), ("0", 0), ("", None)])
def test_a_budget_is_an_amount_or_none(text, amount):
    assert parse_amount(text) == amount


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_what_is_no_amount_is_named(text):
    with pytest.raises(ValueError, match="BYLINE_OPENAI_BUDGET"):
        parse_amount(text)
