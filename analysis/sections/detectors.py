"""Machine detectors on the axes of the people: what they tell, what they take for a machine's, what people add."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import matplotlib as mpl
import numpy as np

from analysis.detectors import DRAWS, PEOPLE, Judge, judge_arms, list_detectors
from analysis.figures import CONTROL, GHOST, INK, MODEL, SOFT, STYLE, Picture, finish_figure
from analysis.readers_by_cases import estimate_area
from analysis.sections import Section, Table
from analysis.study import Study

STREAM = 52
MOST_DRAWN = 3
MEANING = (
    "Machines read the same texts as the people: language models, which say how expected each word was, and a "
    "classifier of style. AUC is the chance that of one text of each source the model’s looks more machine-like; 50 % "
    "is guessing. People stand in the same table as one judge: the share of a text’s readers who said “machine”. A "
    "crowd is a better judge than most who are in it, so a single reader’s AUC stands beside it. False alarms are "
    "human texts that a judge takes for a machine’s. Agreement asks, among texts of one source, whether people doubt "
    "the same ones as the machine; and the last question is whether somebody who has the machine’s score still learns "
    "something from the people."
)
FORMULA = (
    f"Scores are turned by the sign that each detector declares. AUC by Mann and Whitney, intervals by {DRAWS:,} draws "
    "of titles with both their versions. Thresholds come from other titles (ten folds): where most texts are judged "
    "rightly, and where at most one human text in twenty is a false alarm; Wilson’s intervals. Spearman’s correlation "
    "by the same draws. Logistic regression of the source on score and on score and people’s share, both in standard "
    "deviations: t of the people’s slope with a covariance clustered by title, and the likelihood ratio, which takes "
    "texts as independent."
)
LIMITS = (
    "Nothing here was declared beforehand, and no p is corrected for the many detectors. Intervals hold for other "
    "titles, the same readers. What people add is what this many of them add; more readers a text would add more. A "
    "detector whose model wrote the arm’s texts knows more than anybody would who found them. An AUC below 50 % means "
    "that the sign which the detector declares is wrong for these texts, and is left as it is."
)
NOTHING = (
    "No machine detectors were run at these texts: the bundle’s detectors.csv is missing or empty. They are started on "
    "the study’s page Detectors, or by python -m generator.detect."
)
PAIRED = "The texts stood in pairs, so that no text was judged alone: people are not set beside the detectors."
LABELS = {
    PEOPLE: "People (share who say “machine”)",
    "log_likelihood": "Log-likelihood",
    "log_rank": "Log-rank",
    "entropy": "Entropy",
    "gltr_top_10": "GLTR: tokens of rank 10 or less",
    "gltr_top_100": "GLTR: rank 100 or less",
    "gltr_top_1000": "GLTR: rank 1000 or less",
    "lrr": "Log-likelihood over log-rank",
    "fast_detect_gpt": "Fast-DetectGPT",
    "binoculars": "Binoculars",
    "stylometry": "Classifier of style",
}
DRAWN = ("fast_detect_gpt", "binoculars", "stylometry", "log_likelihood", "lrr")  # the first of these that there are
RULES = {"most_right": "where most are right", "one_in_twenty": "for 1 false alarm in 20"}


def write(study: Study) -> Section:
    """Judge every arm's texts by every detector, and by the people."""
    detectors = list_detectors(study.bundle)
    if not detectors:
        return _make_section(reason=NOTHING)
    rng = np.random.default_rng([study.seed, STREAM])
    judges = judge_arms(study.bundle, study.judgments, rng=rng)
    shown = _choose_shown(detectors)
    readers = _measure_readers(study)
    main = next((judge for judge in shown if judge[0] == DRAWN[0]), shown[0])
    return _make_section(
        reason=PAIRED if study.bundle.is_paired else "",
        results={"judges": [_describe(judge) for judge in judges], "readers": readers, "draws": DRAWS},
        context={
            "groups": [
                (
                    arm,
                    [j for j in judges if j.arm == arm and (j.detector == PEOPLE or _key(j) in shown)],
                    readers.get(arm),
                )
                for arm in study.arms
            ],
            "beside": [judge for judge in judges if _key(judge) == main],
            "main": tell_judge(main),
            "labels": study.labels,
            "names": {(PEOPLE, "", ""): LABELS[PEOPLE], **{key: tell_judge(key) for key in detectors}},
            "rules": RULES,
            "hidden": len(detectors) - len(shown),
        },
        tables={"detectors": _tabulate(judges)},
        pictures=_draw(judges, study, shown=shown),
    )


def _make_section(*, reason: str, results: dict[str, Any] | None = None, **parts: Any) -> Section:
    return Section(
        name="detectors",
        title="Machines beside the people",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={"reason": reason or None, "judges": [], **(results or {})},
        context={"reason": reason, **parts.pop("context", {})},
        **parts,
    )


def tell_judge(key: tuple[str, str, str]) -> str:
    """`Fast-DetectGPT (checkpoint:small, given the title)`"""
    detector, scorer, given = key
    told = [scorer] if scorer else []
    told += ["given the title"] if given == "title" else []
    return LABELS.get(detector, detector) + (f" ({', '.join(told)})" if told else "")


def _key(judge: Judge) -> tuple[str, str, str]:
    return judge.detector, judge.scorer, judge.given


def _choose_shown(detectors: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Of each detector the one that the file names first, so that none is chosen by how well it does."""
    first: dict[str, tuple[str, str, str]] = {}
    for key in detectors:
        first.setdefault(key[0], key)
    return list(first.values())


def _measure_readers(study: Study) -> dict[str, dict[str, Any]]:
    """A single reader's area by arm."""
    if study.bundle.is_paired:
        return {}
    return {
        arm: asdict(estimate_area(study.judgments.filter(study.judgments["arm"] == arm)).area) for arm in study.arms
    }


def _describe(judge: Judge) -> dict[str, Any]:
    described = asdict(judge)
    return {**described, "scorer": judge.scorer or None, "given": judge.given or None, "reason": judge.reason or None,
            "added": {**described["added"], "reason": judge.added.reason or None}}  # fmt: skip


def _tabulate(judges: Sequence[Judge]) -> Table:
    def bound(name: str) -> tuple[str, str, str]:
        return name, f"{name}_low", f"{name}_high"

    header = (
        "arm", "detector", "scorer", "given", "titles", *bound("auc"), *bound("to_people"),
        *(f"{rule}_{name}" for rule in RULES for name in ("hits", "false_alarms", "share", "low", "high")),
        *bound("rho_models"), *bound("rho_humans"), *bound("odds_ratio"), "t", "df", "p", "likelihood_ratio",
        "likelihood_ratio_p", "reason",
    )  # fmt: skip
    rows = []
    for judge in judges:
        alarms = [
            part
            for rule in judge.rules
            for part in (rule.hits, rule.false_alarms, rule.share.value, rule.share.low, rule.share.high)
        ]
        estimates = [
            part for estimate in (judge.auc, judge.difference) for part in (estimate.value, estimate.low, estimate.high)
        ]
        agreed = [
            part
            for estimate in (judge.among_models, judge.among_humans)
            for part in (estimate.value, estimate.low, estimate.high)
        ]
        a = judge.added
        rows.append((judge.arm, *_key(judge), judge.titles, *estimates, *(alarms or [None] * 10), *agreed, a.odds_ratio,
                     a.low, a.high, a.t, a.df, a.p, a.likelihood_ratio, a.likelihood_ratio_p,
                     judge.reason or a.reason or None))  # fmt: skip
    return Table(header, rows)


def _draw(judges: Sequence[Judge], study: Study, *, shown: Sequence[tuple[str, str, str]]) -> tuple[Picture, ...]:
    """AUC by arm of the people and of a few detectors, those that are named first, with intervals."""
    drawn = [key for name in DRAWN for key in shown if key[0] == name][:MOST_DRAWN] or list(shown[:MOST_DRAWN])
    keys = [(PEOPLE, "", ""), *drawn]
    styles = dict(zip(keys, ((INK, "o"), (MODEL, "s"), (CONTROL, "^"), (GHOST, "D")), strict=False))
    points = [judge for judge in judges if _key(judge) in styles and judge.auc.value is not None]
    if not points:
        return ()
    places = {arm: place for place, arm in enumerate(study.arms)}
    with mpl.rc_context(STYLE):
        figure = mpl.figure.Figure(figsize=(max(5.0, 1.6 + 0.75 * len(places)), 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
        for number, (key, (colour, mark)) in enumerate(styles.items()):
            own = [judge for judge in points if _key(judge) == key]
            if not own:
                continue
            x = [places[judge.arm] + 0.14 * (number - 1.5) for judge in own]
            low, value, high = (
                np.array([100 * (part or 0.0) for part in parts])
                for parts in zip(*((j.auc.low, j.auc.value, j.auc.high) for j in own), strict=True)
            )
            axes.errorbar(x, value, yerr=[value - low, high - value], fmt=mark, color=colour, markersize=4.5,
                          linewidth=1.1, label=tell_judge(key))  # fmt: skip
        axes.set_xticks(list(places.values()), [study.labels[arm] for arm in places], rotation=20, ha="right")
        axes.set_ylabel("AUC (%)")
        axes.set_ylim(min(40.0, axes.get_ylim()[0]), 103)
        axes.grid(visible=False, axis="x")
        figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=7.5)
        alt = "AUC by arm of people and of machine detectors, with 95 % intervals over titles; dashed: guessing."
        return (finish_figure(figure, "detectors", alt),)
