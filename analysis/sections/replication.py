"""Which published rules the first tables follow, a check of every printed test, and what was published beside it."""

from dataclasses import asdict
from typing import Any

from analysis import wording
from analysis.published import PRESETS
from analysis.replication import RecomputedArm, recompute_study, tell_counts, tell_faults
from analysis.sections import Section, Table
from analysis.self_check import belongs_together, bound_p
from analysis.study import Study

MEANING = (
    "The table “By arm” follows the rules of Brown et al. 2020 (§3.9.4, appendix E) so that it can be set beside what "
    "they published: a participant’s accuracy is the share right of the answers that are not “I don’t know”, an arm’s "
    "the mean over its participants, its interval Student’s t over participants, and each arm is compared with the "
    "control by Student’s t with pooled variance on participants’ accuracies, two-sided. Its n₁ + n₂ − 2 degrees of "
    "freedom, which they do not print, stand beside it."
)
MEANING_OF_PAIRS = MEANING + " The task is not theirs: texts stood in pairs, so the numbers are no replication."
FORMULA = (
    "A printed t stands for every t that rounds to it; the p of the two ends, with the printed df, must meet what the "
    "printed p stands for. Of the published tables df is n₁ + n₂ − 2 with n recruited less excluded, and t is "
    "recomputed from the printed means and the SD that the intervals imply, √n · half width / t(0.975; n − 1)."
)
LIMITS = (
    "These rules answer for new participants who read the same articles, for no others, and correct for nothing; the "
    "sections before mend that. Holm’s p beside theirs is ours. The numbers that were analysed are not published: "
    "where t, df and p cannot belong together, any of the three may be wrong."
)


def write(study: Study) -> Section:
    """Check the printed tests, and lay the published arms beside this study's where they are its model."""
    published = PRESETS.get(str(study.bundle.manifest.get("preset")))
    is_theirs = published is not None and not study.bundle.is_paired
    beside = _set_beside(study, recompute_study(published)) if published is not None and is_theirs else []
    checks = _check_arms(study)
    return Section(
        name="replication",
        title="The published rules, and their numbers",
        meaning=MEANING_OF_PAIRS if study.bundle.is_paired else MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={
            "printed_tests": checks,
            "published": [{**row, "published": asdict(row["published"])} for row in beside],
            "reason": None if beside else "the study’s preset is not one of the published studies",
        },
        context={
            "checks": checks,
            "beside": beside,
            "title": published.title if published is not None and is_theirs else "",
            "counts": tell_counts(published) if published is not None and is_theirs else "",
        },
        status="descriptive",
        tables={"replication_published": _tabulate(beside)} if beside else {},
    )


def _check_arms(study: Study) -> list[dict[str, Any]]:
    """Each printed t, df and p of the table "By arm", and between which p the printed t lies."""
    found = []
    for arm in study.answer.arms:
        test = arm.comparison
        if test.t is None or test.df is None or test.p is None:
            continue
        t, p = wording.number(test.t, 2), wording.p_value(test.p)
        ends = bound_p(t, test.df)
        found.append({
            "arm": arm.arm,
            "label": arm.label,
            "t_printed": t,
            "df_printed": test.df,
            "p_printed": p,
            "p_least": ends.low,
            "p_most": ends.high,
            "is_consistent": belongs_together(t, test.df, p),
        })  # fmt: skip
    return found


def _set_beside(study: Study, arms: list[RecomputedArm]) -> list[dict[str, Any]]:
    """The published arms, each with this study's arm of the same size, or its control."""
    rows = []
    for arm in arms:
        own = next(
            (
                mine
                for mine in study.answer.arms
                if (mine.is_control and arm.published.is_control)
                or (
                    not mine.is_control
                    and not arm.published.is_control
                    and mine.n_params
                    and abs(mine.n_params / arm.published.n_params - 1) < 0.05
                )
            ),
            None,
        )
        rows.append({
            "published": arm.published,
            "participants": arm.participants,
            "sd": arm.sd,
            "df": arm.df,
            "t_from_means": arm.t,
            "p_least": None if arm.p_ends is None else arm.p_ends.low,
            "p_most": None if arm.p_ends is None else arm.p_ends.high,
            "faults": tell_faults(arm),
            "own_arm": None if own is None else own.arm,
            "own_accuracy": None if own is None else own.accuracy.mean,
            "own_low": None if own is None else own.accuracy.low,
            "own_high": None if own is None else own.accuracy.high,
            "own_dont_know": None if own is None else own.dont_know_rate,
        })  # fmt: skip
    return rows


def _tabulate(beside: list[dict[str, Any]]) -> Table:
    header = ("published_arm", "n_params", "participants", "accuracy", "ci_low", "ci_high", "dont_know", "sd_implied",
              "t_printed", "df", "p_printed", "p_least", "p_most", "faults", "own_arm", "own_accuracy", "own_low",
              "own_high", "own_dont_know")  # fmt: skip
    rows = [
        (p.label, int(p.n_params), row["participants"], p.accuracy, p.low, p.high, p.dont_know, row["sd"], p.t,
         row["df"], p.p, row["p_least"], row["p_most"], "; ".join(row["faults"]), row["own_arm"], row["own_accuracy"],
         row["own_low"], row["own_high"], row["own_dont_know"])
        for row in beside
        for p in (row["published"],)
    ]  # fmt: skip
    return Table(header, rows)
