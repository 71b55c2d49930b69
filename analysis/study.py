"""A loaded bundle with what several sections of the report share, worked out once and only when somebody asks."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from analysis.answer import Answer, analyse_bundle
from analysis.detection_model import DetectionModel, fit_detection
from analysis.load import Bundle
from analysis.schema import NEUTRAL
from analysis.scoring import Scores, score_bundle
from analysis.two_way import ArmAccuracy, estimate_accuracies

MOST_UNASKED = 100_000  # judgments; a mixed model of more takes minutes, and is fitted only where it is asked for


@dataclass(frozen=True)
class Study:
    """A bundle and the seed of whatever is drawn at random. Statisticians' words here: DESIGN's item is a *title*, its
    stimulus an *item* (a human text is one item, shared by all arms).

    `mixed`: whether mixed models are fitted; None: up to `MOST_UNASKED` judgments.
    """

    bundle: Bundle
    seed: int = 0
    mixed: bool | None = None

    @cached_property
    def answer(self) -> Answer:
        """The published analysis."""
        return analyse_bundle(self.bundle)

    @cached_property
    def scores(self) -> Scores:
        return score_bundle(self.bundle)

    @property
    def arms(self) -> list[str]:
        """The arms in the bundle's order."""
        return self.bundle.arms["arm"].to_list()

    @property
    def labels(self) -> dict[str, str]:
        return {row["arm"]: row["label"] or row["arm"] for row in self.bundle.arms.iter_rows(named=True)}

    @property
    def control(self) -> str | None:
        names = self.bundle.arms.filter(pl.col("is_control"))["arm"].to_list()
        return names[0] if names else None

    @cached_property
    def judgments(self) -> pl.DataFrame:
        """Every answered trial of an analysed participant, as models take it.

        Columns: participant, arm, title, item, form, source, x (+½ a model's text, -½ a human one), judgment (1–5),
        said_machine (1, 0, null for "I don't know"), correct (1, 0, null), position, seconds, seen_before.
        """
        stimulus = (
            pl.when(pl.col("source") == "human").then(pl.col("item")).otherwise(pl.col("item") + "|" + pl.col("arm"))
        )
        return self.scores.trials.select(
            "participant",
            "arm",
            pl.col("item").alias("title"),
            pl.col("stimulus").fill_null(stimulus).alias("item"),
            "form",
            "source",
            pl.when(pl.col("source") == "model").then(0.5).otherwise(-0.5).alias("x"),
            "judgment",
            pl.when(pl.col("judgment") != NEUTRAL)
            .then((pl.col("judgment") > NEUTRAL).cast(pl.Float64))
            .alias("said_machine"),
            pl.col("outcome").cast(pl.Float64).alias("correct"),
            "position",
            "seconds",
            "seen_before",
        )

    @property
    def no_mixed(self) -> str:
        """Why no mixed model is fitted; empty where there may be one."""
        if self.mixed or (self.mixed is None and self.judgments.height <= MOST_UNASKED):
            return ""
        if self.mixed is False:
            return "mixed models were left out, as asked (--no-mixed)"
        return (
            f"of more than {MOST_UNASKED:,} judgments ({self.judgments.height:,} here) a mixed model takes minutes, "
            "and is fitted only when it is asked for: run the report again with --mixed"
        )

    @cached_property
    def detection(self) -> DetectionModel:
        """The primary model; it takes the longest of all, so everybody shares one."""
        return fit_detection(self)

    @cached_property
    def accuracies(self) -> list[ArmAccuracy]:
        """Every arm's accuracy with participants, and participants and titles, drawn at random."""
        return estimate_accuracies(self.decided, arms=self.arms, rng=np.random.default_rng([self.seed, 1]))

    @cached_property
    def decided(self) -> pl.DataFrame:
        """The judgments that are not "I don't know"."""
        return self.judgments.filter(pl.col("said_machine").is_not_null())
