"""Signs of answering without reading, a participant a row. None of them is a proof, and none is used for a verdict.

- `same_answer`: a run of equal answers (of pairs: of the same side) of at least half of all that were given, and of
  at least six (half of a scale: Curran 2016, J. Exp. Soc. Psychol. 66:4-19).
- `dont_know`: more than half of the answers are "I don't know".
- `too_fast`: more than half of the timed texts took less than their words need at 600 words a minute, which nobody
  reads; of a pair, the words of both texts; where words are unknown it cannot be told.
- `low_spread`: the standard deviation of the answers, 1 to 5, is under 0.5 (intra-individual response variability:
  Dunn et al. 2018, J. Bus. Psychol. 33:105-121), of at least six answers.
- `attention`: an attention check was failed.
"""

import polars as pl

from analysis.load import Bundle
from analysis.schema import NEUTRAL
from analysis.scoring import is_analysed

FEWEST = 6  # answers before a run or a spread says anything
HALF = 0.5
LEAST_SPREAD = 0.5
WORDS_A_SECOND = 600 / 60
SIGNALS = ("same_answer", "dont_know", "too_fast", "low_spread", "attention")


def find_signals(bundle: Bundle) -> pl.DataFrame:
    """Every analysed participant with an answer: participant, arm, a Boolean by signal, and `any`.

    A signal is null where it cannot be told, which `any` takes as no sign.
    """
    people = bundle.participants.filter(is_analysed()).select("participant", "arm", "attention_failed")
    trials = bundle.trials.join(people, on="participant", how="semi").filter(pl.col("judgment").is_not_null())
    timed = _count_words(trials, bundle).with_columns(fast=pl.col("seconds") < pl.col("words") / WORDS_A_SECOND)
    said = timed.group_by("participant").agg(
        pl.len().alias("answers"),
        (pl.col("judgment") == NEUTRAL).mean().alias("neutral"),
        pl.col("judgment").std().alias("spread"),
        pl.col("fast").mean().alias("fast"),
    )
    enough = pl.col("answers") >= FEWEST
    found = (
        people.join(said, on="participant")
        .join(_find_runs(trials), on="participant", how="left")
        .select(
            "participant",
            "arm",
            (pl.col("run") >= pl.max_horizontal(pl.col("answers") * HALF, FEWEST)).alias("same_answer"),
            (pl.col("neutral") > HALF).alias("dont_know"),
            (pl.col("fast") > HALF).alias("too_fast"),
            (enough & (pl.col("spread") < LEAST_SPREAD)).alias("low_spread"),
            (pl.col("attention_failed") > 0).alias("attention"),
        )
    )
    return found.with_columns(pl.any_horizontal(pl.col(SIGNALS).fill_null(False)).alias("any")).sort("participant")


def count_attention(bundle: Bundle) -> dict[str, int]:
    """How many who completed were asked attention checks, and failed none, one, or more of them."""
    people = bundle.participants.filter((pl.col("status") == "completed") & (pl.col("attention_asked") > 0))
    failed = people["attention_failed"].fill_null(0)
    return {
        "asked": people.height,
        "failed_none": int((failed == 0).sum()),
        "failed_one": int((failed == 1).sum()),
        "failed_more": int((failed > 1).sum()),
    }


def _find_runs(trials: pl.DataFrame) -> pl.DataFrame:
    """The longest run of equal answers in the order in which the texts were shown; null where that is unknown."""
    side = pl.when(pl.col("first") == "human").then(6 - pl.col("judgment")).otherwise(pl.col("judgment"))
    ordered = (
        trials.filter(pl.col("position").is_not_null())
        .select("participant", "position", side.alias("side"))
        .sort("participant", "position")
        .with_columns(piece=pl.struct("participant", "side").rle_id())
    )
    runs = ordered.group_by("participant", "piece").len()
    return runs.group_by("participant").agg(pl.col("len").max().alias("run"))


def _count_words(trials: pl.DataFrame, bundle: Bundle) -> pl.DataFrame:
    """The trials with the words that there were to read; unknown where those of one text are."""
    known = bundle.stimuli.select("stimulus", "words").unique("stimulus")
    counted = trials.join(known, on="stimulus", how="left")
    if not bundle.is_paired:
        return counted
    both = counted.join(known.rename({"stimulus": "beside", "words": "words_beside"}), on="beside", how="left")
    return both.with_columns(words=pl.col("words") + pl.col("words_beside"))
