"""“I don't know” in three treatments, and a model of its own.

Leaving it out conditions on something that the arm may have changed, so an arm's accuracy stands beside two others:
with half a point for every "I don't know" (as good as a guess), and as the middle rating in the area under the curve of
all five (see `readers_by_cases`). Whether its rate differs by arm is tested by the likelihood ratio of

    dont_know ~ arm + (1 | participant) + (1 | title) + (1 | item)      logit

against the same without the arm, χ² with arms - 1 degrees of freedom.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from scipy import stats

from analysis.accuracy import MeanEstimate, estimate_mean
from analysis.mixed import fit, fit_nested
from analysis.mixed_result import NoFitError
from analysis.mixed_structure import TooManyLevelsError
from analysis.schema import NEUTRAL


@dataclass(frozen=True)
class ArmNeutral:
    """One arm: shares over participants, the rate of "I don't know" and accuracies left out and at half a point."""

    arm: str
    rate: MeanEstimate
    left_out: MeanEstimate
    half_credit: MeanEstimate


@dataclass(frozen=True)
class NeutralTest:
    """Whether the rate differs by arm; None of it, and a reason, where it cannot be tested."""

    chi_square: float | None = None
    df: int | None = None
    p: float | None = None
    reason: str = ""


def treat_arms(judgments: pl.DataFrame, *, arms: Sequence[str]) -> list[ArmNeutral]:
    """Every arm. `judgments` has participant, arm, judgment and correct (null for "I don't know")."""
    people = (
        judgments.sort("participant")
        .group_by("participant", "arm", maintain_order=True)
        .agg(
            (pl.col("judgment") == NEUTRAL).mean().alias("rate"),
            pl.col("correct").mean().alias("left_out"),
            pl.col("correct").fill_null(0.5).mean().alias("half_credit"),
        )
    )
    found = []
    for arm in arms:
        own = people.filter(pl.col("arm") == arm)
        columns = (own[name].drop_nulls().to_list() for name in ("rate", "left_out", "half_credit"))
        found.append(ArmNeutral(arm, *map(estimate_mean, columns)))
    return found


def compare_arms(judgments: pl.DataFrame) -> NeutralTest:
    """The likelihood ratio test of the arm."""
    if judgments["arm"].n_unique() < 2:
        return NeutralTest(reason="there is one arm")
    data = judgments.with_columns(dont_know=(pl.col("judgment") == NEUTRAL).cast(pl.Float64))
    groups = [name for name in ("participant", "title", "item") if data[name].n_unique() > 1]
    random = " + ".join(f"(1 | {name})" for name in groups)
    try:
        full = fit(f"dont_know ~ arm + {random}", data, link="logit", give="maximum")
        without = fit_nested(f"dont_know ~ 1 + {random}", data, full=full)
    except (NoFitError, TooManyLevelsError) as error:
        return NeutralTest(reason=str(error))
    if full.diagnostics.separated:
        return NeutralTest(reason="in some arm nobody, or everybody, said so")
    ratio = max(0.0, 2 * (full.log_likelihood - without.log_likelihood))
    df = len(full.names) - len(without.names)
    return NeutralTest(ratio, df, float(stats.chi2.sf(ratio, df)))
