"""Accuracy over size: four curves with bands, the trend between models, its order alone, and without each model."""

from dataclasses import asdict
from typing import Any

import matplotlib as mpl
import numpy as np

from analysis.figures import (
    CONTROL,
    GHOST,
    INK,
    MODEL,
    PUBLISHED,
    SOFT,
    STYLE,
    Picture,
    begin_figure,
    centre_size,
    finish_figure,
    mark_arm,
    name_level,
)
from analysis.power_law import NoFit
from analysis.rank_trend import RankTrend
from analysis.sections import Section, Table
from analysis.size_curve import SizeCurve, SizeTrend, analyse_size
from analysis.size_fits import ASYMPTOTE, LINE, NAMES, POWER, WEIGHTED, SizedArm, SizeFit, fit_law
from analysis.study import Study
from analysis.wording import MINUS

MEANING = (
    "Whether larger models are harder to tell, and by what law. Models of one size are not all alike, so the trend "
    "takes a scatter between models beside the errors of participants and texts: its interval holds for new "
    "participants, new titles and texts, and other models of such a family. A power law and a line in d′ can "
    "fall below guessing; a curve above a floor of 50 % cannot, by its form. The control is in none of them. The one "
    "declared test is that of d′ over size; all else here is exploratory."
)
FORMULA = (
    "Trend: random-effects meta-regression on log₁₀ size, τ² by REML, Knapp and Hartung’s t with k − 2 degrees of "
    "freedom. Curves by least squares, arms alike (as published) or by 1/SE² (two-way); χ² = Σ((y − f)/SE)²; AICc of "
    "normal errors, lower is better. The profile interval of b holds every b with RSS(b) − RSS(b̂) ≤ t² · s². "
    "Bands: parametric bootstrap, 2,000 draws, in which each arm moves by the error of "
    "participants and texts and by the scatter between models. Order: exact p of all k! orders of the arms up to "
    "k = 8, else of 20,000 drawn ones."
)
LIMITS = (
    "A curve says nothing beyond the sizes that were studied, so a crossing of 50 % is told only within them. Size "
    "stands for everything that goes with it. With few models τ² is known badly, and a fit that is not rejected is not "
    "shown to be right. As accuracies the d′ line is drawn at the models’ mean criterion."
)
LINES = {WEIGHTED: (SOFT, (0, (1, 1.5))), ASYMPTOTE: ("#009e73", (0, (6, 2))), LINE: (MODEL, "solid")}


def write(study: Study) -> Section:
    """Fit, test and draw."""
    curve = analyse_size(study, rng=np.random.default_rng([study.seed, 40]))
    trends = (curve.d_prime, curve.accuracy)
    sentence = _tell_trend(curve.d_prime)
    return Section(
        name="size_curve",
        title="The size curve",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results=_describe(curve),
        context={
            "curve": curve,
            "trends": trends,
            "names": NAMES,
            "sentence": sentence,
            "order": tell_order(curve.ranks),
        },
        tables={
            "size_curve_fits": _tabulate_fits(curve.fits),
            "size_curve_trends": _tabulate_trends(curve),
        },
        pictures=tuple(_draw(study, curve)),
        sentences=(sentence,) if sentence else (),
        status="confirmatory",
    )


def _tell_trend(trend: SizeTrend) -> str:
    slope = trend.slope
    if trend.p is None or slope.value is None or slope.low is None or slope.high is None:
        return ""
    shown = "" if trend.p < 0.05 else " A trend was not shown, which does not show that there is none."
    return (
        f"With ten times the parameters d′ changes by {_sign(slope.value)} (95 % CI {_sign(slope.low)} to "
        f"{_sign(slope.high)}; {trend.models} models), for new participants, texts and models.{shown}"
    )


def _sign(value: float) -> str:
    return f"{value:+.2f}".replace("-", MINUS)


def tell_order(ranks: RankTrend) -> str:
    """What the orders say, in words."""
    if ranks.reason:
        return f"No test of the order: {ranks.reason}."
    counted = "all" if ranks.is_exact else "a sample of"
    return (
        f"In order alone, accuracy goes with size by Spearman’s ρ = {_sign(ranks.spearman or 0.0)} "
        f"(p = {_p(ranks.p_spearman)}) and Kendall’s τ = {_sign(ranks.kendall or 0.0)} (p = {_p(ranks.p_kendall)}); p "
        f"by {counted} {ranks.orders:,} orders of the arms, two-sided."
    )


def _p(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"


def _describe(curve: SizeCurve) -> dict[str, Any]:
    return {
        "arms": [asdict(arm) for arm in curve.arms],
        "fits": [_describe_fit(fit) for fit in curve.fits],
        "trends": [_describe_trend(trend) for trend in (curve.d_prime, curve.accuracy)],
        "order": {**asdict(curve.ranks), "reason": curve.ranks.reason or None},
        "left_out": [
            {
                "arm": left.arm,
                "d_prime": _describe_trend(left.d_prime),
                "accuracy": _describe_trend(left.accuracy),
                "power_law_b": left.exponent,
            }
            for left in curve.left_out
        ],
    }


def _describe_fit(fit: SizeFit) -> dict[str, Any]:
    return {
        **asdict(fit),
        "parameters": {k: asdict(v) for k, v in fit.parameters.items()},
        "reason": fit.reason or None,
    }


def _describe_trend(trend: SizeTrend) -> dict[str, Any]:
    return {**asdict(trend), "reason": trend.reason or None}


def _tabulate_fits(fits: tuple[SizeFit, ...]) -> Table:
    rows = [
        (fit.name, name, part.value, part.se, part.low, part.high, fit.chi2, fit.df, fit.p, fit.aicc, fit.tau2,
         fit.crossing, *((fit.profile.low, fit.profile.high) if fit.profile and name == "b" else (None, None)))
        for fit in fits
        for name, part in fit.parameters.items()
    ]  # fmt: skip
    header = ("curve", "parameter", "value", "se", "low", "high", "chi2", "df", "p_lack_of_fit", "aicc", "tau2",
              "crosses_half_at", "profile_low", "profile_high")  # fmt: skip
    return Table(header, rows)


def _tabulate_trends(curve: SizeCurve) -> Table:
    sets = [("", trend) for trend in (curve.d_prime, curve.accuracy)]
    sets += [(left.arm, trend) for left in curve.left_out for trend in (left.d_prime, left.accuracy)]
    rows = [
        (trend.outcome, without, trend.models, trend.slope.value, trend.slope.se, trend.slope.low, trend.slope.high,
         trend.t, trend.df, trend.p, trend.tau)
        for without, trend in sets
    ]  # fmt: skip
    return Table(("outcome", "without", "models", "slope", "se", "low", "high", "t", "df", "p", "tau"), rows)


def _draw(study: Study, curve: SizeCurve) -> list[Picture]:
    if not curve.arms:
        return []
    with mpl.rc_context(STYLE):
        pictures = [_draw_accuracy(study, curve)]
        if curve.d_band is not None:
            pictures.append(_draw_d_primes(curve))
    return pictures


def _draw_accuracy(study: Study, curve: SizeCurve) -> Picture:
    figure, axes = begin_figure("Accuracy (%)", height=4.6)
    axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
    name_level(axes, "chance", 50, color=SOFT)
    control = next((arm.two_way.value for arm in study.accuracies if arm.arm == study.control), None)
    if control is not None:
        axes.axhline(100 * control, color=CONTROL, linestyle=(0, (4, 3)), linewidth=1)
        name_level(axes, "control", 100 * control, color=CONTROL)
    if curve.arms[-1].n_params > 5e7 and not study.bundle.is_paired:  # the published study showed one text at a time
        axes.plot(*zip(*PUBLISHED, strict=True), "o", color=GHOST, markersize=5, zorder=1, label="GPT-3 study, 2020")
    law = fit_law(curve.arms, POWER)
    if not isinstance(law, NoFit) and curve.bands:
        sizes = curve.bands[0].sizes
        axes.plot(sizes, 100 * law.predict(sizes), color=INK, linewidth=0.9, label="power law, as published")
    for band in curve.bands:
        colour, dash = LINES[band.name]
        if band.name != WEIGHTED:
            axes.fill_between(band.sizes, 100 * band.low, 100 * band.high, color=colour, alpha=0.13, linewidth=0)
        axes.plot(band.sizes, 100 * band.curve, color=colour, linestyle=dash, linewidth=1.5, label=_shorten(band.name))
    if len({arm.n_params for arm in curve.arms}) == 1:
        centre_size(axes, curve.arms[0].n_params)
    for arm in curve.arms:
        _mark(axes, arm, "accuracy", factor=100)
    axes.set_ylim(min(40.0, max(0.0, axes.get_ylim()[0])), 103)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=3)
    return finish_figure(
        figure,
        "size_curve",
        "Accuracy by model size with two-way 95 % intervals, the power law, the curve above 50 % and the d′ line with "
        "95 % bands, control and chance.",
    )


def _shorten(name: str) -> str:
    return {WEIGHTED: "power law, weighted", ASYMPTOTE: "½ + a·x⁻ᵇ, weighted", LINE: "line in d′"}[name]


def _draw_d_primes(curve: SizeCurve) -> Picture:
    figure, axes = begin_figure("d′", height=3.2)
    axes.axhline(0, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
    if curve.d_band is not None:
        band = curve.d_band
        axes.fill_between(band.sizes, band.low, band.high, color=MODEL, alpha=0.13, linewidth=0)
        axes.plot(band.sizes, band.curve, color=MODEL, linewidth=1.5)
    for arm in curve.arms:
        _mark(axes, arm, "d_prime", factor=1)
    return finish_figure(
        figure, "size_curve_d_prime", "d′ by model size with 95 % intervals, and its line in log size with a 95 % band."
    )


def _mark(axes: mpl.axes.Axes, arm: SizedArm, outcome: str, *, factor: float) -> None:
    estimate = getattr(arm, outcome)
    value = factor * (estimate.value or 0.0)
    low, high = (value if limit is None else factor * limit for limit in (estimate.low, estimate.high))
    mark_arm(axes, arm.label, n_params=arm.n_params, mean=value, low=low, high=high)
