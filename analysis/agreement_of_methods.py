"""Whether the ways to an accuracy's uncertainty agree: mixed model, two-way clusters, two-way bootstrap, robust twin.

All of them take participants and texts as drawn at random, so their standard errors should be alike. Where one is more
than a quarter larger or smaller than the mixed model's, the report says so loudly: the assumptions of one of them fail
on these data. The bootstrap is held against √(SE² + 2 V_judgments), what it should have beside that SE (`two_way`), so
that it does not cry out at its own construction. The twin's accuracy of an arm is ½[Φ(η₊) + Φ(-η₋)] of its
population-averaged coefficients.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.cluster_robust import RobustFit, fit_robust
from analysis.estimate import Estimate, clip_share, estimate_normal
from analysis.study import Study
from analysis.two_way import ArmAccuracy

MOST_APART = 0.25  # relative difference of two standard errors
CLUSTERS = ("participant", "item")


@dataclass(frozen=True)
class ArmMethods:
    """One arm's accuracy by every method. `apart`: methods whose SE is far from the mixed model's, with the ratio."""

    arm: str
    label: str
    plain: ArmAccuracy
    twin: Estimate
    mixed: Estimate
    apart: Mapping[str, float]


def compare_methods(study: Study) -> list[ArmMethods]:
    """Every arm's accuracy by every method; the twin is left out where its probit has no finite estimate."""
    mixed = {arm.arm: arm.accuracy for arm in study.detection.arms}
    twins = _fit_twin(study)
    found = []
    for plain in study.accuracies:
        own, twin = mixed.get(plain.arm, Estimate(None)), twins.get(plain.arm, Estimate(None))
        found.append(
            ArmMethods(
                arm=plain.arm,
                label=study.labels[plain.arm],
                plain=plain,
                twin=twin,
                mixed=own,
                apart=_find_apart(own, plain, twin),
            )
        )
    return found


def _find_apart(mixed: Estimate, plain: ArmAccuracy, twin: Estimate) -> dict[str, float]:
    if not mixed.se:
        return {}
    due = (mixed.se**2 + 2 * plain.single) ** 0.5
    others = {"two-way": (plain.two_way, mixed.se), "bootstrap": (plain.bootstrap, due), "twin": (twin, mixed.se)}
    ratios = {name: other.se / own for name, (other, own) in others.items() if other.se is not None}
    return {name: ratio for name, ratio in ratios.items() if abs(ratio - 1) > MOST_APART}


def _fit_twin(study: Study) -> dict[str, Estimate]:
    data = study.decided
    here = set(data["arm"].unique().to_list())
    present = [arm for arm in study.arms if arm in here]
    if not present or data["participant"].n_unique() < 2 or data["item"].n_unique() < 2:
        return {}
    slope = "" if study.bundle.is_paired else "x"
    formula = "said_machine ~ " + " * ".join(filter(None, (slope, "arm" if len(present) > 1 else ""))) + " + 1"
    fitted = fit_robust(formula, data, clusters=CLUSTERS, levels={"arm": present})
    if not fitted.converged:
        return {}
    return {arm: _average(fitted, arm, is_paired=study.bundle.is_paired) for arm in present}


def _average(fitted: RobustFit, arm: str, *, is_paired: bool) -> Estimate:
    """The arm's accuracy and its error by the delta method."""
    value, slopes = 0.0, np.zeros(len(fitted.names))
    sides = ((1.0, None, 1.0),) if is_paired else ((1.0, 0.5, 0.5), (-1.0, -0.5, 0.5))
    for sign, x, weight in sides:
        names = {"(Intercept)": 1.0, f"arm{arm}": 1.0} | ({} if x is None else {"x": x, f"x:arm{arm}": x})
        line = np.array([names.get(name, 0.0) for name in fitted.names])
        z = sign * float(line @ fitted.coefficients)
        value += weight * float(stats.norm.cdf(z))
        slopes = slopes + weight * sign * float(stats.norm.pdf(z)) * line
    se = float(np.sqrt(slopes @ fitted.covariance @ slopes))
    return clip_share(estimate_normal(value, se, df=fitted.df, method="probit, participants x texts as clusters"))
