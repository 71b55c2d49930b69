"""What the data are like and what they were paid: minutes, pay an hour, time away, pastes, texts that were known.

Minutes run from consent to the last answer, of those who completed (excluded or not: they are paid alike); in a public
bundle only the minutes of completing are there. Pay an hour is the frozen reward over the minutes at their quartiles;
the fast quarter earns more. Shares are of answered trials in which the thing was measured.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from analysis.load import Bundle
from analysis.study import Study

AMOUNT = re.compile(
    r"(?P<before>[A-Za-z]{3}|US\$|[$£€])?\s?(?P<number>\d{1,6}(?:[.,]\d{1,2})?)\s?(?P<after>[A-Za-z]{3}\b|[$£€])?"
)
# a rate already, not what is paid for the whole
HOURLY = re.compile(r"\b(?:per|an|a|each) hour\b|/ ?h(?:our|r)?\b|\bhourly\b", re.IGNORECASE)


@dataclass(frozen=True)
class Pay:
    """The reward, its currency as it was written, and the pay an hour at the quartiles of the minutes."""

    amount: float
    currency: str
    slow_quarter: float
    median: float
    fast_quarter: float


@dataclass(frozen=True)
class ArmQuality:
    """One arm's analysed trials; None where nothing of the kind was measured."""

    arm: str
    minutes: float | None
    active_share: float | None
    focus_losses: float | None
    left_page: float | None
    pastes: int | None
    seen_before: float | None
    looked_up: float | None


@dataclass(frozen=True)
class DataQuality:
    """Quartiles of the minutes of all who completed, the pay or why there is none, and the arms."""

    completed: int
    minutes: tuple[float, float, float] | None
    pay: Pay | None
    no_pay_because: str
    arms: tuple[ArmQuality, ...]


def measure_quality(study: Study) -> DataQuality:
    """Everything above, of a study."""
    people = _time_people(study.bundle)
    minutes = people["minutes"].drop_nulls().to_numpy()
    quartiles = None
    if len(minutes):
        low, middle, high = (float(value) for value in np.quantile(minutes, (0.25, 0.5, 0.75)))
        quartiles = (low, middle, high)
    pay, reason = _find_pay(study.bundle, quartiles)
    arms = tuple(_measure_arm(study, arm, people) for arm in study.arms)
    return DataQuality(people.height, quartiles, pay, reason, arms)


def parse_reward(text: str) -> tuple[float, str] | None:
    """The amount and currency of a reward such as "USD 6" or "£4.50"; None for an hourly rate, or no amount."""
    found = AMOUNT.search(text)
    if found is None or HOURLY.search(text):
        return None
    return float(found["number"].replace(",", ".")), (found["before"] or found["after"] or "").strip()


def _find_pay(bundle: Bundle, quartiles: tuple[float, float, float] | None) -> tuple[Pay | None, str]:
    design: Any = bundle.manifest.get("design")
    recruitment = design.get("recruitment") if isinstance(design, dict) else None
    text = recruitment.get("reward") if isinstance(recruitment, dict) else None
    if not text:
        return None, "the bundle names no reward"
    reward = parse_reward(str(text))
    if reward is None:
        return None, f"the reward, “{text}”, is no amount for the whole study"
    if quartiles is None or quartiles[0] <= 0:
        return None, "the times of completing are unknown"
    low, middle, high = (60 * reward[0] / minutes for minutes in quartiles)
    return Pay(reward[0], reward[1], slow_quarter=high, median=middle, fast_quarter=low), ""


def _time_people(bundle: Bundle) -> pl.DataFrame:
    """Those who completed, with their minutes where both times are known."""
    people = bundle.participants.filter(pl.col("status") == "completed")
    if "completed_after" in people.columns:  # a public bundle: whole minutes since consent
        return people.with_columns(minutes=pl.col("completed_after").cast(pl.Float64, strict=False))
    spans = [_count_minutes(start, end) for start, end in people.select("enrolled_at", "completed_at").iter_rows()]
    return people.with_columns(minutes=pl.Series("minutes", spans, dtype=pl.Float64))


def _count_minutes(start: str | None, end: str | None) -> float | None:
    if not start or not end:
        return None
    try:
        span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    except (TypeError, ValueError):
        return None
    return span.total_seconds() / 60 if span.total_seconds() > 0 else None


def _measure_arm(study: Study, arm: str, people: pl.DataFrame) -> ArmQuality:
    trials = study.scores.trials.filter(pl.col("arm") == arm)
    analysed = study.bundle.participants.join(trials.select("participant").unique(), on="participant", how="semi")
    minutes = people.filter(pl.col("arm") == arm)["minutes"].drop_nulls()
    timed = trials.filter(pl.col("active_seconds").is_not_null() & (pl.col("seconds") > 0))
    whole = float(timed["seconds"].sum())
    return ArmQuality(
        arm=arm,
        minutes=float(np.median(minutes.to_numpy())) if len(minutes) else None,
        active_share=min(1.0, float(timed["active_seconds"].sum()) / whole) if whole else None,
        focus_losses=_mean(trials["focus_losses"]),
        left_page=_mean(trials["focus_losses"] > 0),
        pastes=None if trials["pastes"].null_count() == trials.height else int(trials["pastes"].sum()),
        seen_before=_mean(trials["seen_before"]),
        looked_up=_mean(analysed["looked_up"]),
    )


def _mean(series: pl.Series) -> float | None:
    known = series.drop_nulls().cast(pl.Float64)
    return float(known.to_numpy().mean()) if len(known) else None
