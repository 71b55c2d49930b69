"""From answers to scores: what is right, what is neutral, and who is analysed (PROTOCOL of Brown et al. 2020, §3.9.4).

A judgment of 1 or 2 says human, 4 or 5 says machine; both degrees of confidence count alike. "I don't know" (3) is left
out of an accuracy, above and below the line, and reported as a share of all answers.
"""

from dataclasses import dataclass

import polars as pl

from analysis.load import Bundle
from analysis.schema import NEUTRAL

# of a trial, nothing that is scored; a copy of a million of them is not for nothing
UNREAD = ("comment", "shown_at", "answered_at", "stages_shown_at", "beside", "viewport", "input")


@dataclass(frozen=True)
class Scores:
    """`trials`: the analysed participants' answered trials without the `UNREAD` columns, and with `outcome` (1 right,
    0 wrong, null neutral).

    `participants`: one row an analysed participant with any answer: arm, answered, neutral, correct, judged (answers
    that are not neutral), accuracy (null when all answers are neutral), dont_know_rate, seconds_mean.
    """

    trials: pl.DataFrame
    participants: pl.DataFrame


def score_bundle(bundle: Bundle) -> Scores:
    """Score everybody who completed and is not excluded by a declared rule."""
    analysed = bundle.participants.filter(is_analysed())["participant"]
    says_machine = pl.col("judgment") > NEUTRAL
    outcome = pl.when(pl.col("judgment") != NEUTRAL).then(says_machine == (pl.col("source") == "model"))
    is_kept = pl.col("judgment").is_not_null() & pl.col("participant").is_in(analysed.implode())
    trials = (
        bundle.trials.drop(UNREAD, strict=False)
        .filter(is_kept)  # one copy: of a million trials a join beside it takes half a gigabyte for a moment
        .with_columns(outcome.cast(pl.Int8).alias("outcome"))
    )
    participants = (
        trials.group_by("participant", "arm", maintain_order=True)
        .agg(
            pl.len().alias("answered"),
            pl.col("outcome").is_null().sum().alias("neutral"),
            pl.col("outcome").sum().alias("correct"),
            pl.col("outcome").count().alias("judged"),
            pl.col("outcome").mean().alias("accuracy"),
            pl.col("seconds").mean().alias("seconds_mean"),
        )
        .with_columns((pl.col("neutral") / pl.col("answered")).alias("dont_know_rate"))
        .sort("arm", "participant")
    )
    return Scores(trials=trials, participants=participants)


def is_analysed() -> pl.Expr:
    """The published rule: who completed, less those whom a declared rule excludes."""
    return (pl.col("status") == "completed") & ~pl.col("excluded")
