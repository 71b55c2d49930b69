"""How long a study takes to do, what its reward comes to an hour, and whether that is fair by the platform's own rule.

minutes = words · items / 238 + items · t + overhead (STATISTICS: pay helper), where 238 words a minute is silent
reading of non-fiction by adults (Brysbaert 2019), t the time for one answer, and overhead that for consent,
instructions, questions and debriefing.

The least and the recommended pay an hour are Prolific's (RECRUITMENT policy of 2026: at least $8 or £6, recommended
$12 or £9), judged there on the median time of those who completed. For other currencies no rule is known here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WORDS_A_MINUTE = 238
ANSWER_SECONDS = 10.0
OVERHEAD_MINUTES = 4.0
FAR_PAY = 2  # times the recommended pay: from here on, rather the sum or the minutes are mistaken
FAR_TIME = 1.5  # times the estimate, or its part, by which promised minutes may differ from it
_SIGNS = {"$": "USD", "£": "GBP", "€": "EUR"}
_NUMBER = r"(?P<number>\d{1,6}(?:[.,]\d{1,2})?)(?!\d)"
_MARK = r"(?P<mark>[A-Za-z]{3}|US\$|[$£€])"
_BEFORE = re.compile(rf"(?<![A-Za-z]){_MARK}\s?{_NUMBER}")
_AFTER = re.compile(rf"(?<![\d.,]){_NUMBER}\s?{_MARK}(?![A-Za-z])")
_HOURLY = re.compile(r"\b(?:per|an|a|each) hour\b|/ ?h(?:our|r)?\b|\bhourly\b", re.IGNORECASE)
_CODES = {"USD", "GBP", "EUR", "CHF", "CAD", "AUD", "NZD", "JPY", "SEK", "NOK", "DKK", "PLN", "CZK", "INR"}
RULES: dict[str, tuple[Decimal, Decimal]] = {  # currency: least an hour, recommended an hour
    "USD": (Decimal(8), Decimal(12)),
    "GBP": (Decimal(6), Decimal(9)),
}


@dataclass(frozen=True)
class Amount:
    """An amount of money, in the currency's three letters."""

    value: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.currency} {self.value:.2f}"

    def per_hour(self, minutes: float) -> "Amount":
        """The same pay as a rate an hour, for that many minutes of work."""
        if minutes <= 0:
            raise ValueError("no time has passed, so there is no pay an hour")
        return Amount((self.value * 60 / Decimal(str(minutes))).quantize(Decimal("0.01")), self.currency)


@dataclass(frozen=True)
class PayVerdict:
    """`level` is below, low (above the least, below what is recommended), fair, high (far above it), or unknown."""

    rate: Amount
    level: str
    least: Amount | None
    recommended: Amount | None

    @property
    def times_recommended(self) -> float | None:
        """How many times the recommended pay it is; None where no rule is known."""
        return float(self.rate.value / self.recommended.value) if self.recommended else None


def parse_reward(text: str) -> Amount | None:
    """The amount that a reward names, as `USD 12`, `£4.50`, `$ 6` or `12 EUR`.

    None where it names none, or several, or a rate an hour: participants are promised a sum for the whole.
    """
    if _HOURLY.search(text):
        return None
    found = {
        Amount(Decimal(match["number"].replace(",", ".")), currency)
        for pattern in (_BEFORE, _AFTER)
        for match in pattern.finditer(text)
        if (currency := _read_mark(match["mark"]))
    }
    return found.pop() if len(found) == 1 else None


def _read_mark(mark: str) -> str:
    if mark.upper() == "US$":
        return "USD"
    return _SIGNS.get(mark) or (mark.upper() if mark.upper() in _CODES else "")


def judge_pay(amount: Amount, *, minutes: float) -> PayVerdict:
    """The pay an hour against the rule of its currency."""
    rate = amount.per_hour(minutes)
    if amount.currency not in RULES:
        return PayVerdict(rate, "unknown", None, None)
    least, recommended = (Amount(value, amount.currency) for value in RULES[amount.currency])
    level = "below" if rate.value < least.value else "low" if rate.value < recommended.value else "fair"
    if rate.value >= FAR_PAY * recommended.value:
        level = "high"
    return PayVerdict(rate, level, least, recommended)


@dataclass(frozen=True)
class TimeEstimate:
    """Minutes for a participant, in parts."""

    reading: float
    answering: float
    overhead: float

    @property
    def total(self) -> float:
        return self.reading + self.answering + self.overhead


def estimate_time(words: Sequence[int], *, n_shown: int) -> TimeEstimate:
    """The minutes for a participant who is shown `n_shown` of the articles whose words are given."""
    mean = sum(words) / len(words) if words else 0.0
    return TimeEstimate(
        reading=mean * n_shown / WORDS_A_MINUTE,
        answering=n_shown * ANSWER_SECONDS / 60,
        overhead=OVERHEAD_MINUTES,
    )


def is_far_off(promised: float, needed: float) -> bool:
    """Whether the minutes that are promised are far from those that the texts should take."""
    return not needed / FAR_TIME <= promised <= needed * FAR_TIME


def propose_rewards(minutes: float) -> tuple[Amount, ...]:
    """What the recommended pay comes to for so many minutes, in each currency whose rule is known."""
    return tuple(
        Amount((recommended * Decimal(str(minutes)) / 60).quantize(Decimal("0.01")), currency)
        for currency, (_, recommended) in RULES.items()
    )
