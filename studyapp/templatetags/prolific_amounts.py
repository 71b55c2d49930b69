"""Amounts in hundredths and times in seconds, as a researcher reads them."""

from django import template

from studyapp.domain.prolific_pay import write_amount

register = template.Library()
_SIGNS = {"GBP": "£", "USD": "$"}


@register.filter
def money(hundredths: int, currency: str) -> str:
    """150 GBP as £1.50; another currency by its code."""
    amount = write_amount(int(hundredths))
    return f"{_SIGNS[currency]}{amount}" if currency in _SIGNS else f"{currency} {amount}"


@register.filter
def minutes(seconds: int | None) -> str:
    return "–" if seconds is None else f"{seconds / 60:.1f}"
