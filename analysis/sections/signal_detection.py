"""Hits, false alarms, d′ and c by arm, the curves of all five ratings, and how sure went with how right."""

from dataclasses import asdict, dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl

from analysis.figures import INK, MODEL, SOFT, STYLE, Picture, finish_figure
from analysis.rating_roc import RatingRoc, binormal_curve, fit_roc
from analysis.readers_by_cases import ReaderArea, estimate_area
from analysis.schema import JUDGMENTS
from analysis.sections import Section, Table
from analysis.signal_detection import ArmSignal, Confidence, calibrate, measure_arms
from analysis.study import Study

MEANING = (
    "Accuracy mixes two things: how well people tell, and how readily they say “machine”. Hits (model texts called the "
    "machine’s) and false alarms (human texts called so) part them. The area under the curve (AUC) uses all five "
    "answers, “I don’t know” as the middle one: it is the chance that of one text of each source the model’s is rated "
    "more machine-like; 50 % is guessing."
)
FORMULA = (
    "Log-linear correction, always: (n + ½)/(N + 1). d′ = z(H) − z(F), c = −½[z(H) + z(F)]; intervals by the two-way "
    "bootstrap. AUC: mean over participants of Mann–Whitney, with Obuchowski and Rockette’s variance over participants "
    "and texts. Binormal curves by maximum likelihood: noise N(0, 1), signal N(μ, σ); d_a = μ√(2/(1 + σ²))."
)
LIMITS = (
    "Rates and curves are pooled over participants, whose leanings differ, so pooled d′ is lower than a participant’s "
    "own (see the primary model). Pooled likelihoods take judgments as independent: their curves are pictures, and "
    "their standard errors are not printed."
)
PAIRED = "The texts stood in pairs, so there are no false alarms apart from misses, and no criterion."


@dataclass(frozen=True)
class ArmCurve:
    """What the section says of one arm."""

    signal: ArmSignal
    roc: RatingRoc
    area: ReaderArea
    confidence: tuple[Confidence, ...]


def write(study: Study) -> Section:
    """Measure every arm."""
    curves = [] if study.bundle.is_paired else _measure(study)
    return Section(
        name="signal_detection",
        title="Hits, false alarms and curves",
        meaning=PAIRED if study.bundle.is_paired else MEANING,
        formula=FORMULA,
        limits=LIMITS,
        status="descriptive",
        results={"reason": PAIRED if study.bundle.is_paired else None, "arms": [_describe(curve) for curve in curves]},
        context={"curves": curves, "labels": study.labels},
        tables={} if study.bundle.is_paired else {"signal_detection": _tabulate(curves), "roc": _list_points(curves)},
        pictures=(_draw(curves, study),) if any(curve.roc.points for curve in curves) else (),
    )


def _measure(study: Study) -> list[ArmCurve]:
    signals = measure_arms(study.decided, arms=study.arms, rng=np.random.default_rng([study.seed, 2]))
    found = []
    for signal in signals:
        rows = study.judgments.filter(pl.col("arm") == signal.arm)
        counts = [
            [rows.filter((pl.col("source") == source) & (pl.col("judgment") == level)).height for level in JUDGMENTS]
            for source in ("human", "model")
        ]
        found.append(ArmCurve(signal, fit_roc(*counts), estimate_area(rows), tuple(calibrate(rows))))
    return found


def _describe(curve: ArmCurve) -> dict[str, Any]:
    area = curve.area
    return {
        **asdict(curve.signal),
        "roc": asdict(curve.roc),
        "auc": {**asdict(area.area), "readers": area.readers, "sets": len(area.sets), "reason": area.reason or None},
        "confidence": [asdict(level) for level in curve.confidence],
    }


def _tabulate(curves: list[ArmCurve]) -> Table:
    header = ("arm", "hits", "models", "false_alarms", "humans", "hit_rate", "hit_low", "hit_high", "false_alarm_rate",
              "false_alarm_low", "false_alarm_high", "d_prime", "d_prime_low", "d_prime_high", "criterion",
              "criterion_low", "criterion_high", "auc", "auc_se", "auc_low", "auc_high", "d_a", "a_z")  # fmt: skip
    rows = []
    for curve in curves:
        s, area, model = curve.signal, curve.area.area, curve.roc.unequal
        rates = [
            number
            for part in (s.hit_rate, s.false_alarm_rate, s.d_prime, s.criterion)
            for number in (part.value, part.low, part.high)
        ]
        rows.append((
            s.arm, s.hits, s.models, s.false_alarms, s.humans, *rates, area.value, area.se, area.low, area.high,
            model and model.d_a, model and model.area,
        ))  # fmt: skip
    return Table(header, rows)


def _list_points(curves: list[ArmCurve]) -> Table:
    rows = [(curve.signal.arm, false, hit) for curve in curves for false, hit in curve.roc.points]
    return Table(("arm", "false_alarm_rate", "hit_rate"), rows)


def _draw(curves: list[ArmCurve], study: Study) -> Picture:
    """Small multiples, an arm each: the five points and the binormal curve."""
    shown = [curve for curve in curves if curve.roc.points]
    columns = min(len(shown), 3 if len(shown) in (5, 6, 9) else 4)
    lines = -(-len(shown) // columns)
    with mpl.rc_context(STYLE):
        figure = mpl.figure.Figure(figsize=(2.1 * max(columns, 2), 2.3 * lines), layout="constrained")
        grid = np.linspace(0.001, 0.999, 200)
        for place, curve in enumerate(shown, start=1):
            axes = figure.add_subplot(lines, columns, place)
            axes.plot([0, 1], [0, 1], color=SOFT, linestyle=(0, (4, 3)), linewidth=0.8)
            model = curve.roc.unequal or curve.roc.equal
            if model is not None:
                axes.plot(grid, binormal_curve(model, grid), color=MODEL, linewidth=1.3)
            axes.plot(*zip(*curve.roc.points, strict=True), "o", color=INK, markersize=2.5)
            axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
            axes.set_title(study.labels[curve.signal.arm], fontsize=8)
        figure.supxlabel("False alarms", fontsize=8)
        figure.supylabel("Hits", fontsize=8)
        return finish_figure(
            figure, "roc", "Hits against false alarms by arm, from all five answers, and binormal curves."
        )
