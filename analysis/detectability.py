"""How detectable each text is, and how unequally detectability is spread over titles and sections.

A text's share right is shrunk by the primary model: with û its title's and its own conditional mode, the probability
that a typical participant of the arm is right, Φ(±(η + û)/√(1 + v)), v the participants' variance at x = ±½; its
interval is that of û alone. A title's detectability in the inequality is its share right over all judgments of both its
texts, with half a judgment of each kind added so that none is 0; a section's likewise. Intervals: percentiles over
titles drawn with replacement.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr

from analysis.detection_model import DetectionModel, arm_line
from analysis.estimate import Estimate
from analysis.study import Study
from measures.inequality import MEASURES

DRAWS = 500


@dataclass(frozen=True)
class TextDetectability:
    """One text in one arm. `share` is raw, `shrunk` by the model; both of judgments that are right."""

    item: str
    title: str
    arm: str
    source: str
    judgments: int
    share: float
    shrunk: Estimate


@dataclass(frozen=True)
class Inequality:
    """One measure over one kind of unit."""

    unit: str
    measure: str
    units: int
    value: Estimate


def measure_texts(study: Study) -> list[TextDetectability]:
    """Every text that was judged, hardest first; without a fitted model the shrunk share is unknown."""
    rows = (
        study.decided.group_by("item", "title", "arm", "source")
        .agg(pl.len().alias("n"), pl.col("correct").mean().alias("share"))
        .sort("share", "arm", "item")
    )
    modes = _read_modes(study.detection)
    found = [
        TextDetectability(
            item=row["item"],
            title=row["title"],
            arm=row["arm"],
            source=row["source"],
            judgments=row["n"],
            share=row["share"],
            shrunk=_shrink(study, row, modes),
        )
        for row in rows.iter_rows(named=True)
    ]
    return sorted(found, key=lambda text: (_order(text), text.arm, text.item))


def measure_inequality(study: Study, *, rng: np.random.Generator) -> list[Inequality]:
    """Every measure over titles, and over sections where items.csv names them."""
    decided = study.decided
    sections = study.bundle.items.select(pl.col("item").alias("title"), "section").drop_nulls()
    by_title = decided.group_by("title").agg(pl.len().alias("n"), pl.col("correct").sum().alias("right")).sort("title")
    joined = by_title.join(sections, on="title", how="left", maintain_order="left")
    right, seen = (joined[name].to_numpy().astype(float) for name in ("right", "n"))
    found: list[Inequality] = []
    names = joined["section"].to_list()
    for unit, groups in (("title", list(range(len(right)))), ("section", names)):
        known = [number for number, group in enumerate(groups) if group is not None]
        labels = np.unique([str(groups[number]) for number in known], return_inverse=True)[1].reshape(-1)
        if len(set(labels.tolist())) < 2:
            continue
        found += _measure(unit, right[known], seen[known], labels, rng)
    return found


def _measure(
    unit: str, right: np.ndarray, seen: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> list[Inequality]:
    units = int(labels.max()) + 1

    def find_amounts(chosen: np.ndarray) -> np.ndarray:
        group = np.arange(len(chosen)) if unit == "title" else labels[chosen]
        size = len(chosen) if unit == "title" else units
        totals = np.bincount(group, seen[chosen], minlength=size)
        amounts = (np.bincount(group, right[chosen], minlength=size) + 0.5) / (totals + 1)
        return amounts[totals > 0]

    whole = np.arange(len(right))
    draws = rng.integers(0, len(right), size=(DRAWS, len(right)))
    drawn = [find_amounts(chosen) for chosen in draws]
    found = []
    for name, measure in MEASURES.items():
        values = [float(measure(amounts)) for amounts in drawn if len(amounts) > 1]
        low, high = np.quantile(values, (0.025, 0.975))
        estimate = Estimate(
            float(measure(find_amounts(whole))), float(np.std(values, ddof=1)), float(low), float(high), "new titles"
        )
        found.append(Inequality(unit, name, units, estimate))
    return found


def _read_modes(model: DetectionModel) -> Mapping[str, Mapping[str, tuple[float, float]]]:
    """Mode and its standard deviation by group and level."""
    if model.fit is None:
        return {}
    return {
        modes.group: {
            level: (float(value[0]), float(sd[0]))
            for level, value, sd in zip(modes.levels, modes.values, modes.sd, strict=True)
        }
        for modes in model.fit.modes
        if modes.group in ("title", "item")
    }


def _shrink(study: Study, row: Mapping[str, str], modes: Mapping[str, Mapping[str, tuple[float, float]]]) -> Estimate:
    fitted = study.detection.fit
    if fitted is None or row["arm"] not in study.detection.present:
        return Estimate(None)
    is_paired = study.bundle.is_paired
    x = None if is_paired else (0.5 if row["source"] == "model" else -0.5)
    eta = arm_line(fitted, arm=row["arm"], first=study.detection.present[0], x=x)
    title, item = modes["title"].get(row["title"], (0.0, 0.0)), modes["item"].get(row["item"], (0.0, 0.0))
    people = fitted.total_variance({"participant": {"(Intercept)": 1.0, "x": x or 0.0}})
    sign = 1.0 if row["source"] == "model" else -1.0
    centre, spread = eta + title[0] + item[0], (title[1] ** 2 + item[1] ** 2) ** 0.5
    ends = sorted(float(ndtr(sign * (centre + z * spread) / (1 + people) ** 0.5)) for z in (-1.96, 0.0, 1.96))
    return Estimate(ends[1], None, ends[0], ends[2], "this text, given the model")


def _order(text: TextDetectability) -> float:
    return text.share if text.shrunk.value is None else text.shrunk.value
