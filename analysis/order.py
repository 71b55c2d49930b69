"""Whether participants get better, or lean otherwise, from text to text.

The primary model with the place in the order, (position - mean) / 10, beside the arms:

    said_machine ~ x * arm + x * place + (1 + x | participant) + (1 | title) + (1 | item)      probit

with the variances held at those of the primary model (see `mixed_held`). The coefficient of x · place is the change of
d′ over ten texts, minus that of place the change of c. Of pairs: `arm + place`, and √2 times its coefficient. Beside it
each participant's accuracy in the second half of the places less that in the first, a mean with a t interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy import stats

from analysis.accuracy import DIFFERENCE, MeanEstimate, estimate_mean
from analysis.estimate import Estimate
from analysis.mixed_held import fit_held
from analysis.mixed_result import NoFitError
from analysis.study import Study
from analysis.two_way import ArmAccuracy, estimate_accuracies

TEXTS = 10  # of which a change is told
MOST_BINS = 10
METHOD = "mixed model, variances held: new participants, new titles and new texts"


@dataclass(frozen=True)
class Learning:
    """Changes over ten texts with p (two-sided, normal); unknown, and a reason, where there is no model."""

    formula: str = ""
    d_prime: Estimate = field(default_factory=lambda: Estimate(None))
    d_prime_p: float | None = None
    criterion: Estimate = field(default_factory=lambda: Estimate(None))
    criterion_p: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Halves:
    """One arm: accuracies in the halves of the order, and the second less the first over who has both."""

    arm: str
    first: MeanEstimate
    second: MeanEstimate
    difference: MeanEstimate


@dataclass(frozen=True)
class Place:
    """Accuracy at the places `low` to `high`, over all arms."""

    low: int
    high: int
    accuracy: ArmAccuracy


def model_order(study: Study) -> Learning:
    """The changes, by the primary model with the place beside the arms."""
    primary = study.detection
    if primary.fit is None:
        return Learning(reason=primary.reason)
    data = study.decided
    if data["position"].null_count():
        data = data.filter(pl.col("position").is_not_null())
    if data["position"].n_unique() < 2 or data["title"].n_unique() < 2:
        return Learning(reason="there are fewer than two places with an answer")
    data = data.with_columns(place=(pl.col("position") - pl.col("position").mean()) / TEXTS)
    is_paired = study.bundle.is_paired
    fixed, random = primary.fit.formula.split(" + (", 1)
    formula = f"{fixed} + {'place' if is_paired else 'x * place'} + ({random}"
    present = [arm for arm in study.arms if arm in set(data["arm"].unique().to_list())]
    try:
        start = dict(zip(primary.fit.names, map(float, primary.fit.coefficients), strict=True))
        fitted = fit_held(formula, data, theta=primary.fit.theta, start=start, levels={"arm": present})
    except (NoFitError, np.linalg.LinAlgError) as error:
        return Learning(reason=str(error))
    if is_paired:
        d_prime, criterion = fitted.estimate("place", times=2**0.5, method=METHOD), Estimate(None)
    else:
        d_prime = fitted.estimate("x:place", method=METHOD)
        criterion = fitted.estimate("place", times=-1.0, method=METHOD)
    return Learning(formula, d_prime, _test(d_prime), criterion, _test(criterion))


def _test(estimate: Estimate) -> float | None:
    if estimate.value is None or not estimate.se:
        return None
    return 2 * float(stats.norm.sf(abs(estimate.value / estimate.se)))


def split_halves(decided: pl.DataFrame, *, arms: Sequence[str]) -> list[Halves]:
    """Every arm's halves; of an odd number of places the middle one is in the second."""
    placed = decided.filter(pl.col("position").is_not_null())
    middle = (0 if placed.is_empty() else int(placed["position"].to_numpy().max())) // 2
    people = (
        placed.group_by("participant", "arm")
        .agg(
            pl.col("correct").filter(pl.col("position") <= middle).mean().alias("first"),
            pl.col("correct").filter(pl.col("position") > middle).mean().alias("second"),
        )
        .sort("participant")
    )
    found = []
    for arm in arms:
        own = people.filter(pl.col("arm") == arm)
        change = (own["second"] - own["first"]).drop_nulls().to_list()
        first, second = (estimate_mean(own[name].drop_nulls().to_list()) for name in ("first", "second"))
        found.append(Halves(arm, first, second, estimate_mean(change, possible=DIFFERENCE)))
    return found


def follow_places(decided: pl.DataFrame) -> list[Place]:
    """Accuracy along the order in at most ten steps of equal width, all arms together."""
    placed = decided.filter(pl.col("position").is_not_null())
    if placed.is_empty():
        return []
    last = int(placed["position"].to_numpy().max())
    width = -(-last // MOST_BINS)
    binned = placed.with_columns(arm=((pl.col("position") - 1) // width).cast(pl.String))
    names = sorted(binned["arm"].unique().to_list(), key=int)
    accuracies = estimate_accuracies(binned, arms=names, rng=None)
    return [
        Place(int(name) * width + 1, min(int(name) * width + width, last), accuracy)
        for name, accuracy in zip(names, accuracies, strict=True)
    ]
