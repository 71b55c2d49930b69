"""Every conclusion under every reasonable way to the analysis (specification curve: Simonsohn et al. 2020).

A specification chooses what "I don't know" counts (left out, half a point, wrong), who is in (as declared, nobody
excluded, without a sign of carelessness), and the method: accuracies with participants at random, or participants and
titles, or d′ of a probit or logit with two-way errors (`cluster_robust`; there "I don't know" is left out), and once
the primary mixed model. Their scales differ, so each conclusion is told by z, the normal deviate of its two-sided p
with the sign of the effect. Conclusions: an arm against guessing, the control less an arm, and the slope over log10
size. p are not adjusted. Where "I don't know" is wrong, guessing is no longer right in half, so there is no conclusion
on guessing. The base, by which the others are counted, comes first: left out, as
declared, two-way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy import stats

from analysis.arm_contrasts import CHANCE, Tested, judge_by_participants, judge_two_way, sum_arms, weigh_trend
from analysis.cluster_robust import fit_robust
from analysis.exclusions import CAREFUL, DECLARED, NOBODY, choose_bundle
from analysis.mixed_links import LinkName
from analysis.study import Study

LEFT_OUT, HALF, WRONG = "left out", "half a point", "wrong"
SCORES: Mapping[str, float | None] = {LEFT_OUT: None, HALF: 0.5, WRONG: 0.0}
ALPHA = 0.05
Judge = Callable[[Mapping[str, float], float], float | None]


@dataclass(frozen=True)
class Conclusion:
    """What is concluded on: `kind` is chance, control or trend; `arm` is empty for the trend."""

    kind: str
    arm: str
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Specification:
    """One way, and z of every conclusion in the order of theirs; None where it cannot be worked out."""

    dont_know: str
    people: str
    method: str
    z: tuple[float | None, ...]


@dataclass(frozen=True)
class Kept:
    """How many specifications say the same of a conclusion as the base: its sign, or that none was shown."""

    conclusion: Conclusion
    base: str
    same: int
    total: int


@dataclass(frozen=True)
class Multiverse:
    """The conclusions, the specifications (the base first), and the count by conclusion."""

    conclusions: tuple[Conclusion, ...]
    specifications: tuple[Specification, ...]
    kept: tuple[Kept, ...]


def vary_analysis(study: Study) -> Multiverse:
    """Every specification of a study."""
    conclusions = list_conclusions(study)
    found: list[Specification] = []
    for people in (DECLARED, NOBODY, CAREFUL):
        found += _judge_people(study, conclusions, people=people)
    if (primary := _judge_primary(study, conclusions)) is not None:
        found.append(primary)
    found.sort(key=lambda one: (one.dont_know, one.people, one.method) != (LEFT_OUT, DECLARED, "two-way"))
    return Multiverse(tuple(conclusions), tuple(found), tuple(_count(conclusions, found)))


def _judge_people(study: Study, conclusions: Sequence[Conclusion], *, people: str) -> list[Specification]:
    """The specifications of one choice of people, whose judgments are not kept beside those of the next."""
    own = study if people == DECLARED else replace(study, bundle=choose_bundle(study.bundle, people))
    found: list[Specification] = []
    for dont_know, score in SCORES.items():
        found += _judge_accuracies(own, conclusions, people=people, dont_know=dont_know, score=score)
    return found + _judge_probits(own, conclusions, people=people)


def list_conclusions(study: Study) -> list[Conclusion]:
    """Those that the arms with a decided judgment allow."""
    here = set(study.decided["arm"].unique().to_list())
    arms = [arm for arm in study.arms if arm in here]
    found = [Conclusion("chance", arm, {arm: 1.0}) for arm in arms]
    control = study.control
    if control in here and control is not None:
        found += [Conclusion("control", arm, {control: 1.0, arm: -1.0}) for arm in arms if arm != control]
    weights = weigh_trend({arm.arm: arm.n_params or 1 for arm in study.answer.models if arm.arm in here})
    return found + ([Conclusion("trend", "", weights)] if weights else [])


def name_outcome(z: float | None) -> str:
    if z is None:
        return "no test"
    if abs(z) < float(stats.norm.ppf(1 - ALPHA / 2)):
        return "none shown"
    return "positive" if z > 0 else "negative"


def _count(conclusions: Sequence[Conclusion], found: Sequence[Specification]) -> list[Kept]:
    kept = []
    for place, conclusion in enumerate(conclusions):
        outcomes = [name_outcome(one.z[place]) for one in found if one.z[place] is not None]
        base = name_outcome(found[0].z[place]) if found else "no test"
        kept.append(Kept(conclusion, base, outcomes.count(base), len(outcomes)))
    return kept


def _judge_accuracies(
    study: Study, conclusions: Sequence[Conclusion], *, people: str, dont_know: str, score: float | None
) -> list[Specification]:
    scored = study.judgments.with_columns(score=pl.col("correct").fill_null(score) if score is not None
                                          else pl.col("correct")).filter(pl.col("score").is_not_null())  # fmt: skip
    if scored.is_empty():
        return []
    sums = sum_arms(scored)
    found = []
    for method, judge in (("two-way", judge_two_way), ("participants", judge_by_participants)):
        z: list[float | None] = []
        for one in conclusions:
            is_here = set(one.weights) <= set(sums.arms) and not (one.kind == "chance" and dont_know == WRONG)
            less = CHANCE if one.kind == "chance" else 0.0
            z.append(_deviate(judge(sums, one.weights, less=less)) if is_here else None)
        found.append(Specification(dont_know, people, method, tuple(z)))
    return found


def _deviate(test: Tested) -> float | None:
    if test.p is None or test.t is None:
        return None
    return float(np.sign(test.t) * stats.norm.isf(max(test.p, 1e-300) / 2))


def _deviate_t(t: float, df: int) -> float:
    """The normal deviate with the two-sided p of a t."""
    return float(np.sign(t) * stats.norm.isf(max(2 * float(stats.t.sf(abs(t), df)), 1e-300) / 2))


def _judge_probits(study: Study, conclusions: Sequence[Conclusion], *, people: str) -> list[Specification]:
    """d′ by arm: the arm's coefficient of x; of pairs its intercept."""
    data = study.decided
    arms = [arm for arm in study.arms if arm in set(data["arm"].unique().to_list())]
    if not arms or data["participant"].n_unique() < 2 or data["item"].n_unique() < 2:
        return []
    terms = ([] if study.bundle.is_paired else ["x"]) + (["arm"] if len(arms) > 1 else [])
    formula = f"said_machine ~ {' * '.join(terms) or '1'}"
    found = []
    links: tuple[LinkName, ...] = ("probit", "logit")
    for link in links:
        fitted = fit_robust(formula, data, clusters=("participant", "item"), link=link, levels={"arm": arms})
        if not fitted.converged or fitted.df < 1:
            continue
        z: list[float | None] = []
        for one in conclusions:
            line = _find_line(one, fitted.names, is_paired=study.bundle.is_paired, arms=arms)
            value = float(line @ fitted.coefficients)
            se = float(np.sqrt(max(line @ fitted.covariance @ line, 0.0)))
            if not se or not set(one.weights) <= set(arms):
                z.append(None)
                continue
            z.append(_deviate_t(value / se, fitted.df))
        found.append(Specification(LEFT_OUT, people, link, tuple(z)))
    return found


def _judge_primary(study: Study, conclusions: Sequence[Conclusion]) -> Specification | None:
    fitted = study.detection.fit
    if fitted is None or not np.isfinite(fitted.covariance).all() or fitted.diagnostics.separated:
        return None
    spread = fitted.restricted or fitted
    df = {arm.arm: arm.df for arm in study.detection.arms}
    z: list[float | None] = []
    for one in conclusions:
        line = _find_line(one, fitted.names, is_paired=study.bundle.is_paired, arms=list(df))
        se = float(np.sqrt(max(line @ spread.covariance @ line, 0.0)))
        least = min(df[arm] for arm in one.weights)
        z.append(_deviate_t(float(line @ fitted.coefficients) / se, least) if se and least > 0 else None)
    return Specification(LEFT_OUT, DECLARED, "mixed model", tuple(z))


def _find_line(one: Conclusion, names: Sequence[str], *, is_paired: bool, arms: Sequence[str]) -> "np.ndarray":
    """The weights of the coefficients: the first arm's d′ is that of x, another's that and its product's."""
    base, prefix = ("(Intercept)", "arm") if is_paired else ("x", "x:arm")
    wanted = {base: sum(one.weights.values())}
    wanted |= {f"{prefix}{arm}": weight for arm, weight in one.weights.items() if arm != arms[0]}
    return np.array([wanted.get(name, 0.0) for name in names])
