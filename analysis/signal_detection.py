"""Hits and false alarms, d′ and criterion from counts, and how well confidence goes with being right.

A hit is a model's text called the machine's, a false alarm a human text called so, among the judgments that are not "I
don't know". With the log-linear correction, always applied (½ more in every count; Hautus 1995): H = (hits + ½) / (n₁ +
1), F alike; d′ = z(H) - z(F), c = -½ [z(H) + z(F)], ln β = c d′. Var d′ = H(1-H)/(n₁ φ(z_H)²) + F(1-F)/(n₀ φ(z_F)²)
(Gourevitch & Galanter 1967) takes all judgments as independent, so the intervals here are the two-way bootstrap's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.estimate import Estimate
from analysis.levels import number_levels

Array = NDArray[np.float64]
DRAWS = 1_000
BOTH = "new participants and new titles, bootstrap"


@dataclass(frozen=True)
class Sensitivity:
    """From counts: corrected rates, d′, criterion, ln β, and d′'s variance of independent judgments."""

    hit_rate: float
    false_alarm_rate: float
    d_prime: float
    criterion: float
    log_beta: float
    d_prime_variance: float


@dataclass(frozen=True)
class ArmSignal:
    """One arm: raw counts, raw rates and corrected d′ and c with intervals."""

    arm: str
    hits: int
    models: int
    false_alarms: int
    humans: int
    hit_rate: Estimate
    false_alarm_rate: Estimate
    d_prime: Estimate
    criterion: Estimate


@dataclass(frozen=True)
class Confidence:
    """Of judgments as sure as this (1 more likely, 2 very likely): how many, and the share right."""

    level: int
    judgments: int
    share_right: float | None


def find_sensitivity(
    *, hits: float, models: float, false_alarms: float, humans: float, correct: bool = True
) -> Sensitivity:
    """d′ and the rest from counts; `correct`: with the log-linear correction, without which 0 and 1 are infinite."""
    add, widen = (0.5, 1.0) if correct else (0.0, 0.0)
    hit, alarm = (hits + add) / (models + widen), (false_alarms + add) / (humans + widen)
    z_hit, z_alarm = float(ndtri(hit)), float(ndtri(alarm))
    densities = np.exp(-(np.array([z_hit, z_alarm]) ** 2) / 2) / np.sqrt(2 * np.pi)
    criterion = -0.5 * (z_hit + z_alarm)
    return Sensitivity(
        hit_rate=hit,
        false_alarm_rate=alarm,
        d_prime=z_hit - z_alarm,
        criterion=criterion,
        log_beta=criterion * (z_hit - z_alarm),
        d_prime_variance=float(
            hit * (1 - hit) / (models * densities[0] ** 2) + alarm * (1 - alarm) / (humans * densities[1] ** 2)
        ),
    )


def measure_arms(decided: pl.DataFrame, *, arms: Sequence[str], rng: np.random.Generator) -> list[ArmSignal]:
    """Every arm's rates and sensitivity. `decided` has participant, arm, title, source and said_machine (0 or 1)."""
    titles = number_levels(decided["title"])
    numbered = decided.with_columns(title_place=pl.Series(titles.index))
    weights = rng.exponential(size=(DRAWS, len(titles)))
    return [_measure(arm, numbered.filter(pl.col("arm") == arm), weights, rng) for arm in arms]


def _measure(arm: str, rows: pl.DataFrame, weights: Array, rng: np.random.Generator) -> ArmSignal:
    sides = {source: rows.filter(pl.col("source") == source) for source in ("model", "human")}
    said = {source: int(side["said_machine"].sum()) for source, side in sides.items()}
    seen = {source: side.height for source, side in sides.items()}
    own = rng.exponential(size=(DRAWS, rows["participant"].n_unique()))
    if not seen["model"] or not seen["human"]:
        raw = {source: Estimate(said[source] / seen[source] if seen[source] else None) for source in sides}
        nothing = Estimate(None)
        return ArmSignal(arm, said["model"], seen["model"], said["human"], seen["human"], raw["model"], raw["human"],
                         nothing, nothing)  # fmt: skip
    drawn = _draw_rates(rows, weights, own)
    point = find_sensitivity(hits=said["model"], models=seen["model"], false_alarms=said["human"], humans=seen["human"])
    z = {
        source: ndtri(rates * seen[source] / (seen[source] + 1) + 0.5 / (seen[source] + 1))
        for source, rates in drawn.items()
    }
    return ArmSignal(
        arm=arm,
        hits=said["model"],
        models=seen["model"],
        false_alarms=said["human"],
        humans=seen["human"],
        hit_rate=_summarise(said["model"] / seen["model"], drawn["model"]),
        false_alarm_rate=_summarise(said["human"] / seen["human"], drawn["human"]),
        d_prime=_summarise(point.d_prime, z["model"] - z["human"]),
        criterion=_summarise(point.criterion, -0.5 * (z["model"] + z["human"])),
    )


def _draw_rates(rows: pl.DataFrame, weights: Array, own: Array) -> dict[str, Array]:
    """Weighted rates of "machine" by source, a draw each: participants and titles count by products of weights."""
    people = number_levels(rows["participant"])
    titles = rows["title_place"].to_numpy()
    shape = (len(people), weights.shape[1])
    rates = {}
    for source in ("model", "human"):
        is_side = (rows["source"] == source).to_numpy()
        index = (people.index[is_side], titles[is_side])
        said, seen = np.zeros(shape), np.zeros(shape)
        said[index], seen[index] = rows["said_machine"].to_numpy()[is_side], 1.0
        rates[source] = ((own @ said) * weights).sum(1) / ((own @ seen) * weights).sum(1)
    return rates


def _summarise(value: float, drawn: Array) -> Estimate:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(value, float(drawn.std(ddof=1)), float(low), float(high), BOTH)


def calibrate(rows: pl.DataFrame) -> list[Confidence]:
    """Share right by confidence (type-2): of `rows` with judgment and correct, "more likely" and "very likely"."""
    sure = rows.filter(pl.col("correct").is_not_null()).with_columns(level=(pl.col("judgment") - 3).abs())
    found = []
    for level in (1, 2):
        at = sure.filter(pl.col("level") == level)["correct"]
        mean = at.mean()
        found.append(Confidence(level, at.len(), None if mean is None else float(mean)))  # type: ignore[arg-type]
    return found
