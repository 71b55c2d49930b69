"""An arm's accuracy with intervals that hold for other articles too: participants and titles both drawn at random.

The accuracy is the published one, a mean over participants of their shares right. Its error is a sum over judgments of
w (y - mean), w = 1 / (participants · judged by that participant), so that

    V = V_participants + V_titles - V_judgments      (Cameron, Gelbach & Miller 2011)

with V_participants = Σ_p (Σ_t w (y - mean))² and so on, each widened by G / (G - 1) for its G clusters; V is never
taken below either of the first two, and t has min(participants, titles) - 1 degrees of freedom. A title's human and
model texts are one cluster. Beside it the product-weight bootstrap (Owen & Eckles 2012): every participant and every
title draws a weight from Exp(1), a judgment counts by the product. Var(W₁W₂) = 3, so that its variance has V_judgments
two times more than V above: the percentile interval is conservative, the more so the fewer judgments there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.accuracy import estimate_mean
from analysis.estimate import Estimate, clip_share, estimate_normal
from analysis.levels import number_levels

Array = NDArray[np.float64]
DRAWS = 2_000
PARTICIPANTS = "new participants, the same titles"
BOTH = "new participants and new titles"


@dataclass(frozen=True)
class ArmAccuracy:
    """One arm's accuracy under three methods; `titles` are those with a judgment, `df` the two-way t's.

    `single`: V_judgments.
    """

    arm: str
    participants: int
    titles: int
    df: int | None
    by_participant: Estimate
    two_way: Estimate
    bootstrap: Estimate
    single: float = 0.0


def estimate_accuracies(
    decided: pl.DataFrame, *, arms: Sequence[str], rng: np.random.Generator | None
) -> list[ArmAccuracy]:
    """Every arm's accuracy. `decided` has participant, arm, title and correct (0 or 1), a judgment a row.

    Titles draw one weight for all arms, as all arms share them. Without an `rng` there is no bootstrap.
    """
    titles = number_levels(decided["title"])
    weights = None if rng is None else rng.exponential(size=(DRAWS, len(titles)))
    found = []
    for arm in arms:
        own = decided["arm"] == arm
        rows = decided.filter(own)
        people = number_levels(rows["participant"])
        table = np.full((len(people), len(titles)), np.nan)
        table[people.index, titles.index[own.to_numpy()]] = rows["correct"].to_numpy()
        found.append(_estimate_arm(arm, table, weights, rng))
    return found


def _estimate_arm(arm: str, table: Array, weights: Array | None, rng: np.random.Generator | None) -> ArmAccuracy:
    """`table`: participants x titles, 1 right, 0 wrong, NaN unread or undecided."""
    if not table.size:
        nothing = Estimate(None)
        return ArmAccuracy(arm, 0, 0, None, nothing, nothing, nothing)
    seen = ~np.isnan(table)
    judged = seen.sum(1)
    scores = np.where(seen, table, 0.0)
    accuracies = scores.sum(1) / judged
    mean = float(accuracies.mean())
    plain = estimate_mean(accuracies.tolist())
    people, titles = len(table), int(seen.any(0).sum())
    by_participant = Estimate(plain.mean, None, plain.low, plain.high, PARTICIPANTS)
    if plain.sd is not None:
        by_participant = Estimate(plain.mean, plain.sd / people**0.5, plain.low, plain.high, PARTICIPANTS)
    if people < 2 or titles < 2:
        return ArmAccuracy(arm, people, titles, None, by_participant, Estimate(mean), Estimate(mean))
    parts = np.where(seen, (scores - mean) / (people * judged[:, None]), 0.0)
    own, titled, single = (
        float((sums**2).sum()) * count / (count - 1)
        for sums, count in ((parts.sum(1), people), (parts.sum(0), titles), (parts[seen], int(seen.sum())))
    )
    df = min(people, titles) - 1
    variance = max(own + titled - single, own, titled)
    return ArmAccuracy(
        arm=arm,
        participants=people,
        titles=titles,
        df=df,
        by_participant=by_participant,
        two_way=clip_share(estimate_normal(mean, variance**0.5, df=df, method=f"{BOTH}, t({df})")),
        bootstrap=Estimate(mean)
        if rng is None or weights is None
        else _bootstrap(scores, seen, weights, rng, mean=mean),
        single=single,
    )


def _bootstrap(
    scores: Array, seen: NDArray[np.bool_], weights: Array, rng: np.random.Generator, *, mean: float
) -> Estimate:
    """The percentile interval of the accuracy under product weights."""
    own = rng.exponential(size=(len(weights), len(scores)))
    with np.errstate(invalid="ignore"):
        shares = (weights @ scores.T) / (weights @ seen.T.astype(float))
    drawn = (own * shares).sum(1) / own.sum(1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(mean, float(drawn.std(ddof=1)), float(low), float(high), f"{BOTH}, bootstrap")
