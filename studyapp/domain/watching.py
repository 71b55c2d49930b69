"""Figures of a running study: how long it takes, what that pays, and, once it may be seen, how well people tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from statistics import fmean, quantiles

from studyapp.domain.judgment import Judgment
from studyapp.domain.pay import RULES, Amount, PayVerdict, judge_pay


@dataclass(frozen=True)
class Quartiles:
    """Of values: a quarter are below `p25`, half below `median`, a quarter above `p75`."""

    n: int
    p25: float
    median: float
    p75: float


def find_quartiles(values: Sequence[float]) -> Quartiles | None:
    """Quartiles with linear interpolation, as numpy's default; None of nothing."""
    if not values:
        return None
    p25, median, p75 = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Quartiles(n=len(values), p25=p25, median=median, p75=p75)


@dataclass(frozen=True)
class PayByTime:
    """The pay an hour of those who took that long."""

    name: str
    minutes: float
    verdict: PayVerdict


def list_pay(amount: Amount, quartiles: Quartiles) -> list[PayByTime]:
    """Pay at the quarter that is quick, at the median (which panels judge by), and at the quarter that is slow."""
    times = (
        ("a quarter are quicker", quartiles.p25),
        ("median", quartiles.median),
        ("a quarter take longer", quartiles.p75),
    )
    return [PayByTime(name, minutes, judge_pay(amount, minutes=minutes)) for name, minutes in times if minutes > 0]


def find_top_up(amount: Amount, quartiles: Quartiles) -> Amount | None:
    """What each participant is owed beside the reward so that the median reaches the least pay; None if nothing."""
    if amount.currency not in RULES:
        return None
    least, _ = RULES[amount.currency]
    due = least * Decimal(str(quartiles.median)) / 60 - amount.value
    return Amount(due.quantize(Decimal("0.01"), rounding=ROUND_UP), amount.currency) if due > 0 else None


@dataclass(frozen=True)
class JudgedTrial:
    """One answer of one participant, with the truth."""

    participant: int
    arm: str
    is_model: bool
    judgment: int


@dataclass(frozen=True)
class ArmAccuracy:
    """The published measure: correct among answers that are not "I don't know", a mean over `participants`."""

    arm: str
    participants: int
    accuracy: float


def score_arms(trials: Iterable[JudgedTrial]) -> dict[str, ArmAccuracy]:
    """Accuracy by arm; participants who never said human or machine have none, and arms without any are left out."""
    right: dict[tuple[str, int], list[bool]] = {}
    for trial in trials:
        if trial.judgment != Judgment.DONT_KNOW:
            says_model = trial.judgment > Judgment.DONT_KNOW
            right.setdefault((trial.arm, trial.participant), []).append(says_model == trial.is_model)
    by_arm: dict[str, list[float]] = {}
    for (arm, _), answers in right.items():
        by_arm.setdefault(arm, []).append(fmean(answers))
    return {arm: ArmAccuracy(arm, len(shares), fmean(shares)) for arm, shares in by_arm.items()}
