"""How long participants take for a text: a linear mixed model of log seconds, and accuracy by speed.

    log(seconds) ~ x * size + control + words + place + (1 | participant) + (1 | title) + (1 | item)

x = ±½ (model, human), size = log10 of the model's parameters about the arms' mean (0 in the control, which has a
coefficient of its own), words in hundreds about their mean, place = (position - mean) / 10. REML, t tests on
Satterthwaite's degrees of freedom (see `linear_mixed`). exp of a coefficient is a ratio of times. What is unknown or
does not vary is left out. Speed and accuracy: judgments in fifths of log seconds less the participant's own mean, so
that a slow reader's texts are not all in one fifth.
"""

from dataclasses import dataclass
from math import log10

import numpy as np
import polars as pl

from analysis.linear_mixed import LinearMixedFit, NoLinearFitError, fit_linear
from analysis.mixed_formula import RandomPart, build_design
from analysis.study import Study
from analysis.two_way import ArmAccuracy, estimate_accuracies

FIFTHS = 5


@dataclass(frozen=True)
class TimeModel:
    """The fit, or the `reason` why there is none; `untimed` answers are left out."""

    formula: str
    fit: LinearMixedFit | None
    untimed: int
    reason: str = ""


@dataclass(frozen=True)
class Fifth:
    """Accuracy in one fifth of the times; `seconds` is its median."""

    seconds: float
    accuracy: ArmAccuracy


def model_time(study: Study) -> TimeModel:
    """Fit log seconds of all answered trials that have a time."""
    timed = study.judgments.filter(pl.col("seconds") > 0)
    untimed = study.judgments.height - timed.height
    if study.no_mixed:
        return TimeModel("", None, untimed, reason=study.no_mixed)
    if timed.height < 2:
        return TimeModel("", None, untimed, reason="there are no times")
    data, terms = _prepare(study, timed)
    groups = [name for name in ("participant", "title", "item") if 1 < data[name].n_unique() < data.height]
    if data.select("item", "title").n_unique() == data["title"].n_unique() and "item" in groups:
        groups.remove("item")  # every title has one text, so the two are the same
    if not groups:
        return TimeModel("", None, untimed, reason="there is one participant, or one answer of each")
    formula = f"log_seconds ~ {' + '.join(terms) or '1'} + " + " + ".join(f"(1 | {name})" for name in groups)
    design = build_design(formula, data)
    try:
        fitted = fit_linear(design.y, design.x, design.names, [_index(part) for part in design.random])
    except (NoLinearFitError, np.linalg.LinAlgError) as error:
        return TimeModel(formula, None, untimed, reason=str(error))
    return TimeModel(formula, fitted, untimed)


def _index(part: RandomPart) -> tuple[str, "np.ndarray"]:
    return part.group, part.index


def _prepare(study: Study, timed: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The covariates, and those of them that are known throughout and vary."""
    sizes = {
        row["arm"]: log10(row["n_params"])
        for row in study.bundle.arms.iter_rows(named=True)
        if row["n_params"] and not row["is_control"]
    }
    present = [sizes[arm] for arm in timed["arm"].unique().sort().to_list() if arm in sizes]
    middle = sum(present) / len(present) if present else 0.0
    words = study.bundle.stimuli.select(pl.col("stimulus").alias("item"), "words").unique("item")
    data = timed.join(words, on="item", how="left", maintain_order="left").select(
        "participant",
        "title",
        "item",
        "x",
        log_seconds=pl.col("seconds").log(),
        size=pl.col("arm").replace_strict({arm: size - middle for arm, size in sizes.items()}, default=0.0,
                                          return_dtype=pl.Float64),
        control=(pl.col("arm") == (study.control or "")).cast(pl.Float64),
        words=(pl.col("words") - pl.col("words").mean()) / 100,
        place=(pl.col("position") - pl.col("position").mean()) / 10,
    )  # fmt: skip
    if any(arm not in sizes and arm != study.control for arm in timed["arm"].unique()):
        data = data.with_columns(size=pl.lit(0.0))  # an arm of unknown size: no slope
    known = {name for name in ("x", "size", "control", "words", "place")
             if data[name].null_count() == 0 and data[name].n_unique() > 1}  # fmt: skip
    if study.bundle.is_paired:
        known.discard("words")  # of one of the two texts alone
    terms: list[str] = [name for name in ("x", "size", "control", "words", "place") if name in known]
    if {"x", "size"} <= known:
        terms[:2] = ["x * size"]
    return data, terms


def follow_speed(study: Study) -> list[Fifth]:
    """Accuracy by fifths of time, all arms together; nothing with fewer than five timed judgments."""
    timed = study.decided.filter(pl.col("seconds") > 0)
    if timed.height < FIFTHS:
        return []
    own = pl.col("seconds").log() - pl.col("seconds").log().mean().over("participant")
    ranked = timed.with_columns(own=own).sort("own", "participant", "title").with_row_index("rank")
    binned = ranked.with_columns(arm=(pl.col("rank") * FIFTHS // pl.len()).cast(pl.String))
    names = [str(number) for number in range(FIFTHS)]
    accuracies = estimate_accuracies(binned, arms=names, rng=None)
    medians = [float(np.median(binned.filter(pl.col("arm") == name)["seconds"].to_numpy())) for name in names]
    return [Fifth(seconds, accuracy) for seconds, accuracy in zip(medians, accuracies, strict=True)]
