"""What the tokens of a server cost: prices a million tokens, read and written, in whatever currency they are given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

ANY_MODEL = "*"
_MILLION = Decimal(1_000_000)
_PLACES = Decimal("0.000001")
_ENTRY = re.compile(r"(?P<model>.+)=(?P<prompt>[0-9.]+)/(?P<completion>[0-9.]+)")


@dataclass(frozen=True)
class Price:
    """Of a million tokens that a model reads (`prompt`) and writes (`completion`)."""

    prompt: Decimal
    completion: Decimal


def parse_prices(text: str) -> dict[str, Price]:
    """Prices by model from `MODEL=IN/OUT`, commas between; the model `*` is any other.

    Raises:
        ValueError: an entry is none of this form.
    """
    prices = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        found = _ENTRY.fullmatch(entry)
        try:
            if found is None:
                raise InvalidOperation
            price = Price(prompt=Decimal(found["prompt"]), completion=Decimal(found["completion"]))
        except InvalidOperation:
            raise ValueError(
                f"BYLINE_OPENAI_PRICES: {entry!r} must be MODEL=IN/OUT, a million tokens, as family/large=0.15/0.60"
            ) from None
        prices[found["model"].strip()] = price
    return prices


def parse_amount(text: str) -> Decimal | None:
    """An amount of money that is not negative; None for an empty text.

    Raises:
        ValueError: it is none.
    """
    if not text.strip():
        return None
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"BYLINE_OPENAI_BUDGET: {text!r} must be an amount, as 25 or 12.50, or empty for no limit")
    return amount


def find_price(prices: Mapping[str, Price], model: str) -> Price | None:
    return prices.get(model) or prices.get(ANY_MODEL)


def compute_cost(price: Price | None, *, prompt_tokens: int, completion_tokens: int) -> Decimal:
    """tokens × price / 1,000,000, to a millionth; nothing without a price."""
    if price is None:
        return Decimal(0)
    return ((prompt_tokens * price.prompt + completion_tokens * price.completion) / _MILLION).quantize(_PLACES)
