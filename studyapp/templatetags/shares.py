"""Shares as a table shows them."""

from django import template

register = template.Library()


@register.filter
def as_percent(share: float | None, digits: int = 0) -> str:
    """`83`, or `1.2` with a digit; a dash for nothing."""
    return "–" if share is None else f"{100 * share:.{digits}f}"
