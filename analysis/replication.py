"""The published tables beside what can be recomputed from them (Brown et al. 2020, §3.9.4 and appendix E).

python -m analysis.replication [--out DIR]

Prints both studies, arm by arm, and the short study's curve over size. DIR gets replication_short.csv,
replication_long.csv and replication_curves.csv, in full precision. Recomputed are, with n = recruited - excluded:

    SD of participants' accuracies   √n (high - low) / 2 / t(0.975; n - 1)
    df                               n_control + n_arm - 2
    t                                pooled, of the printed means and these SDs; its ends, of all that rounds to them
    p                                of the printed t, between the ends of its rounding

A printed p that no t can have which rounds to the printed one, at this df, is marked impossible: t, df and p cannot all
be right. Which of them is wrong, the tables do not say.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from analysis.comparison import adjust_holm
from analysis.estimate import Estimate
from analysis.power_law import BILLION, NoFit, PowerLaw, fit_power_law
from analysis.published import LONG, SHORT, PublishedArm, PublishedStudy
from analysis.rank_trend import RankTrend, rank_over_size
from analysis.self_check import Ends, bound_p, read_ends
from analysis.size_fits import CHANCE, NAMES, SizedArm, SizeFit, fit_four
from analysis.wording import size

HALF = 0.5  # of a percentage point: what the printed means and limits are rounded by


@dataclass(frozen=True)
class RecomputedArm:
    """What one arm's printed numbers imply; the tests are None for the control. `sd` in points of percent."""

    published: PublishedArm
    participants: int
    sd: float
    df: int | None = None
    t: float | None = None
    t_ends: Ends | None = None
    p_ends: Ends | None = None
    p_holm: float | None = None

    @property
    def t_is_possible(self) -> bool | None:
        return None if self.t_ends is None else self.t_ends.meets(read_ends(self.published.t))

    @property
    def p_is_possible(self) -> bool | None:
        return None if self.p_ends is None else self.p_ends.meets(read_ends(self.published.p))


@dataclass(frozen=True)
class RecomputedCurve:
    """The short study's curve. `crossing`: where the published law passes 50 %; `at_trillion`: what it says of 10^12.

    `rss` and `rss_asymptote`: sums of squares of a·x^(-b) and ½ + a·x^(-b), arms alike.
    """

    fits: tuple[SizeFit, ...]
    law: PowerLaw
    crossing: float
    at_trillion: float
    rss: float
    rss_asymptote: float
    ranks: RankTrend


def recompute_study(study: PublishedStudy) -> list[RecomputedArm]:
    """Every arm of a published table, the control first."""
    control = _recompute_control(study.control)
    holm = adjust_holm([float(arm.p) for arm in study.models])
    return [control, *(_recompute(arm, control, p_holm=p) for arm, p in zip(study.models, holm, strict=True))]


def recompute_curve(study: PublishedStudy = SHORT) -> RecomputedCurve:
    """The curve over the models of a published table."""
    sizes, y = [arm.n_params for arm in study.models], [arm.accuracy / 100 for arm in study.models]
    arms = [
        SizedArm(arm.label, arm.label, arm.n_params, Estimate(arm.accuracy / 100, _half_width(arm)), Estimate(None))
        for arm in study.models
    ]
    law, above = fit_power_law(sizes, y), fit_power_law(sizes, y, floor=CHANCE)
    if isinstance(law, NoFit) or isinstance(above, NoFit):
        raise ValueError(f"{study.title}: no curve can be fitted to it")
    return RecomputedCurve(
        fits=tuple(fit_four(arms)[:3]),
        law=law,
        crossing=float((law.a_billion / CHANCE) ** (1 / law.b)) * BILLION,
        at_trillion=float(law.predict(np.array([1e12]))[0]),
        rss=law.residual_sd**2 * (len(y) - 2),
        rss_asymptote=above.residual_sd**2 * (len(y) - 2),
        ranks=rank_over_size(sizes, y, rng=np.random.default_rng(0)),
    )


def _half_width(arm: PublishedArm) -> float:
    """The standard error that the printed interval gives, as a fraction."""
    return (arm.high - arm.low) / 200 / float(stats.norm.ppf(0.975))


def _imply_sd(arm: PublishedArm, *, wider: float = 0.0) -> float:
    """The SD of participants' accuracies, in points; `wider`: by how many points the half width may be off."""
    n = arm.participants
    half = (arm.high - arm.low) / 2 + wider
    return float(n**0.5 * half) / float(stats.t.ppf(0.975, n - 1))


def _recompute_control(arm: PublishedArm) -> RecomputedArm:
    return RecomputedArm(arm, arm.participants, _imply_sd(arm))


def _recompute(arm: PublishedArm, control: RecomputedArm, *, p_holm: float) -> RecomputedArm:
    df = control.participants + arm.participants - 2
    difference = control.published.accuracy - arm.accuracy
    t, low, high = (
        (difference + apart) / _pool(control.published, arm, wider=wider)
        for apart, wider in ((0, 0.0), (-2 * HALF, HALF), (2 * HALF, -HALF))
    )
    return RecomputedArm(arm, arm.participants, _imply_sd(arm), df, t, Ends(low, high), bound_p(arm.t, df), p_holm)


def _pool(control: PublishedArm, arm: PublishedArm, *, wider: float) -> float:
    """The standard error of the difference of two means with one pooled SD, in points."""
    (n, s), (m, r) = ((one.participants, _imply_sd(one, wider=wider)) for one in (control, arm))
    pooled = ((n - 1) * s**2 + (m - 1) * r**2) / (n + m - 2)
    return float(np.sqrt(pooled * (1 / n + 1 / m)))


ARM_HEADER = (
    "arm", "n_params", "recruited", "excluded", "participants", "accuracy", "ci_low", "ci_high", "dont_know",
    "words_human", "words_model", "sd_implied", "t_printed", "t_recomputed", "t_least", "t_most", "t_is_possible", "df",
    "p_printed", "p_least", "p_most", "p_is_possible", "p_printed_holm",
)  # fmt: skip
CURVE_HEADER = ("curve", "parameter", "value", "se", "chi2", "df", "p_lack_of_fit", "aicc")


def list_arm_rows(arms: Sequence[RecomputedArm]) -> list[tuple[Any, ...]]:
    return [
        (p.label, int(p.n_params), p.recruited, p.excluded, arm.participants, p.accuracy, p.low, p.high, p.dont_know,
         p.words_human, p.words_model, arm.sd, p.t, arm.t, *_spread(arm.t_ends), arm.t_is_possible, arm.df, p.p,
         *_spread(arm.p_ends), arm.p_is_possible, arm.p_holm)
        for arm in arms
        for p in (arm.published,)
    ]  # fmt: skip


def _spread(ends: Ends | None) -> tuple[float | None, float | None]:
    return (None, None) if ends is None else (ends.low, ends.high)


def list_curve_rows(curve: RecomputedCurve) -> list[tuple[Any, ...]]:
    return [
        (fit.name, name, part.value, part.se, fit.chi2, fit.df, fit.p, fit.aicc)
        for fit in curve.fits
        for name, part in fit.parameters.items()
    ]


def print_study(study: PublishedStudy, arms: Sequence[RecomputedArm]) -> str:
    """The table in text, what is printed beside what is recomputed."""
    header = ("arm", "n", "accuracy", "SD", "t printed", "t from means", "df", "p printed", "p of printed t", "")
    rows = [
        (p.label, str(arm.participants), f"{p.accuracy} ({p.low}-{p.high})", f"{arm.sd:.1f}", p.t or "-",
         "-" if arm.t is None or arm.t_ends is None else f"{arm.t:.1f} ({arm.t_ends.low:.1f} to {arm.t_ends.high:.1f})",
         "-" if arm.df is None else str(arm.df), p.p or "-",
         "-" if arm.p_ends is None else f"{arm.p_ends.low:.1e} to {arm.p_ends.high:.1e}",
         "; ".join(tell_faults(arm)))
        for arm in arms
        for p in (arm.published,)
    ]  # fmt: skip
    return f"{study.title}\n{align(header, rows)}"


def tell_faults(arm: RecomputedArm) -> list[str]:
    """What of an arm's printed numbers cannot be."""
    faults = []
    if arm.p_is_possible is False:
        faults.append("t, df and p cannot belong together")
    if arm.t_is_possible is False:
        faults.append("t is not that of the means and intervals")
    return faults


def tell_counts(study: PublishedStudy) -> str:
    """The sum of the recruited, beside what the text says."""
    recruited = sum(arm.recruited for arm in study.arms)
    kept = sum(arm.participants for arm in study.arms)
    told = f"In these tables {recruited} were recruited, and {kept} are left after exclusions."
    if study.recruited_in_text not in (None, recruited):
        told += f" The paper’s text says {study.recruited_in_text}."
    return told


def tell_curve(curve: RecomputedCurve) -> list[str]:
    """The curve in sentences."""
    _, weighted, _ = curve.fits
    chi2, p = weighted.chi2 or 0.0, weighted.p or 0.0
    return [
        f"Power law, arms alike: a = {curve.law.a:.4g} (SE {curve.law.a_se:.3g}) for x in parameters, "
        f"b = {curve.law.b:.4f} (SE {curve.law.b_se:.4f}).",
        f"Weighted by the printed intervals it does not fit: chi-squared = {chi2:.2f} on {weighted.df} df, "
        f"p = {p:.1e}; the models scatter by more than their participants.",
        f"It has no floor: it passes 50 % at {size(round(curve.crossing))} parameters, beyond the largest model, and "
        f"says {100 * curve.at_trillion:.1f} % of 1000B.",
        f"A curve above 50 % with as many parameters leaves a smaller sum of squares: {curve.rss_asymptote:.6f} "
        f"against {curve.rss:.6f}.",
        f"In order alone: Spearman {curve.ranks.spearman or 0:.3f} (exact p = {curve.ranks.p_spearman or 0:.4f}), "
        f"Kendall {curve.ranks.kendall or 0:.3f} (exact p = {curve.ranks.p_kendall or 0:.4f}).",
    ]


def print_curve(curve: RecomputedCurve) -> str:
    """The fits in text, x in 10^9 parameters."""
    header = ("curve (x in 10^9 parameters)", "a", "SE", "b", "SE", "chi-squared", "df", "p", "AICc")
    rows = []
    for fit in curve.fits:
        a, b = fit.parameters["a"], fit.parameters["b"]
        numbers = [f"{part:.4f}" for part in (a.value, a.se, b.value, b.se) if part is not None]
        p = "-" if fit.p is None else f"{fit.p:.1e}"
        rows.append((NAMES[fit.name], *numbers, f"{fit.chi2 or 0:.2f}", str(fit.df), p, f"{fit.aicc or 0:.1f}"))
    return align(header, rows)


def align(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text, the first to the left, the others to the right."""
    table = [header, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def write_replication(out: Path) -> None:
    """The tables as CSV."""
    out.mkdir(parents=True, exist_ok=True)
    for study in (SHORT, LONG):
        _write(out / f"replication_{study.name}.csv", ARM_HEADER, list_arm_rows(recompute_study(study)))
    _write(out / "replication_curves.csv", CURVE_HEADER, list_curve_rows(recompute_curve()))


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow("" if cell is None else int(cell) if isinstance(cell, bool) else cell for cell in row)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m analysis.replication", description="The published tables beside what they imply."
    )
    parser.add_argument("--out", type=Path, help="a folder for the tables as CSV")
    options = parser.parse_args(arguments)
    for study in (SHORT, LONG):
        print(print_study(study, recompute_study(study)))
        print(f"{tell_counts(study)}\n")
    curve = recompute_curve()
    print(print_curve(curve))
    for sentence in tell_curve(curve):
        print(f"- {sentence}")
    if options.out:
        write_replication(options.out)
        print(f"Written: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
