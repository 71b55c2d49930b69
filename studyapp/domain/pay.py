"""How long a study takes to do and what that pays an hour: what researchers are asked to promise honestly.

minutes = words · items / 238 + items · t + overhead (STATISTICS: pay helper), where 238 words a minute is silent
reading of non-fiction by adults (Brysbaert 2019), t the time for one answer, and overhead that for consent,
instructions, questions and debriefing. The sums below are Prolific's least and recommended pay an hour.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WORDS_A_MINUTE = 238
ANSWER_SECONDS = 10.0
OVERHEAD_MINUTES = 4.0

Verdict = Literal["too_low", "low", "fair", "unknown"]


@dataclass(frozen=True)
class HourlyPay:
    """What a platform asks for an hour: at least, and as it recommends."""

    currency: str
    sign: str
    least: float
    recommended: float


HOURLY_PAY = (HourlyPay("USD", "$", 8.0, 12.0), HourlyPay("GBP", "£", 6.0, 9.0))
_CURRENCIES = {"usd": "USD", "us$": "USD", "$": "USD", "gbp": "GBP", "£": "GBP", "eur": "EUR", "€": "EUR"}
_AMOUNT = re.compile(r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d{1,2})?)")
_CURRENCY = re.compile(r"us\$|usd|gbp|eur|\$|£|€", re.IGNORECASE)


@dataclass(frozen=True)
class Reward:
    """A sum of money; `currency` by its three letters."""

    amount: float
    currency: str


@dataclass(frozen=True)
class TimeEstimate:
    """Minutes for a participant, in parts."""

    reading: float
    answering: float
    overhead: float

    @property
    def total(self) -> float:
        return self.reading + self.answering + self.overhead


@dataclass(frozen=True)
class PayReview:
    """What a reward comes to an hour; `asked` is what platforms ask in its currency, None where that is not known."""

    reward: Reward
    an_hour: float
    asked: HourlyPay | None

    @property
    def verdict(self) -> Verdict:
        if self.asked is None:
            return "unknown"
        if round(self.an_hour, 2) < self.asked.least:
            return "too_low"
        return "low" if round(self.an_hour, 2) < self.asked.recommended else "fair"


def estimate_time(words: Sequence[int], *, n_shown: int) -> TimeEstimate:
    """The minutes for a participant who is shown `n_shown` of the articles whose words are given."""
    mean = sum(words) / len(words) if words else 0.0
    return TimeEstimate(
        reading=mean * n_shown / WORDS_A_MINUTE,
        answering=n_shown * ANSWER_SECONDS / 60,
        overhead=OVERHEAD_MINUTES,
    )


def parse_reward(text: str) -> Reward | None:
    """The sum in a reward as it is told to participants, as `USD 12`, `£4.50` or `12 EUR`; None where none is plain."""
    amounts, currencies = _AMOUNT.findall(text), {_CURRENCIES[sign.lower()] for sign in _CURRENCY.findall(text)}
    if len(amounts) != 1 or len(currencies) != 1:
        return None
    number = amounts[0]
    plain = number.replace(",", "") if re.search(r",\d{3}(\D|$)", number) else number.replace(",", ".")
    return Reward(float(plain), currencies.pop())


def review_pay(reward: Reward, *, minutes: float) -> PayReview:
    """What a reward comes to an hour for so many minutes of work."""
    asked = next((pay for pay in HOURLY_PAY if pay.currency == reward.currency), None)
    return PayReview(reward=reward, an_hour=reward.amount * 60 / minutes, asked=asked)


def propose_rewards(minutes: float) -> tuple[Reward, ...]:
    """What the recommended pay comes to for so many minutes, in each currency that is known."""
    return tuple(Reward(round(pay.recommended * minutes / 60, 2), pay.currency) for pay in HOURLY_PAY)
