"""What participants earn an hour on Prolific, against its minimum and its recommendation.

Prolific judges a study by the median time taken: reward / median minutes × 60 must reach the minimum (£6 or $8), and
should reach the recommendation (£9 or $12); what is missing must be topped up. Amounts are in hundredths.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MINIMUM_HOURLY = {"GBP": 600, "USD": 800}
RECOMMENDED_HOURLY = {"GBP": 900, "USD": 1200}


@dataclass(frozen=True)
class HourlyPay:
    """The pay of a participant who took `minutes`: the quickest quarter's border, the median, the slowest quarter's."""

    who: str
    minutes: float
    hourly: int


@dataclass(frozen=True)
class PayReport:
    """`topup_*` is what each participant is due for the median to reach the minimum, or the recommendation."""

    currency: str
    n: int
    rows: tuple[HourlyPay, ...]
    minimum: int | None
    recommended: int | None
    topup_to_minimum: int
    topup_to_recommended: int

    @property
    def median(self) -> HourlyPay:
        return self.rows[1]

    @property
    def is_below_minimum(self) -> bool:
        return self.topup_to_minimum > 0


def report_pay(*, reward: int, currency: str, seconds: Sequence[int]) -> PayReport | None:
    """Pay an hour at the quartiles (inclusive) of the times taken; None before two people are done."""
    taken = [value for value in seconds if value > 0]
    if len(taken) < 2 or reward <= 0:
        return None
    quartiles = [value / 60 for value in statistics.quantiles(taken, n=4, method="inclusive")]
    names = ("25th percentile", "median", "75th percentile")
    rows = tuple(
        HourlyPay(who=name, minutes=minutes, hourly=math.floor(reward / minutes * 60))
        for name, minutes in zip(names, quartiles, strict=True)
    )
    minimum, recommended = MINIMUM_HOURLY.get(currency), RECOMMENDED_HOURLY.get(currency)
    median = quartiles[1]
    return PayReport(
        currency=currency,
        n=len(taken),
        rows=rows,
        minimum=minimum,
        recommended=recommended,
        topup_to_minimum=_compute_topup(reward, hourly=minimum, minutes=median),
        topup_to_recommended=_compute_topup(reward, hourly=recommended, minutes=median),
    )


def _compute_topup(reward: int, *, hourly: int | None, minutes: float) -> int:
    if hourly is None:
        return 0
    return max(0, math.ceil(round(hourly * minutes / 60, 6)) - reward)


def write_amount(hundredths: int) -> str:
    """In currency units, as Prolific's bonus list wants it: 150 is 1.50."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"
