"""Who was lost on the way, by arm: a figure of the flow, and whether arms lose participants alike."""

from dataclasses import asdict

import matplotlib as mpl
import numpy as np

from analysis.attrition import LossTest, compare_dropouts, compare_exclusions
from analysis.figures import CONTROL, GHOST, MODEL, SOFT, STYLE, Picture, begin_figure, finish_figure
from analysis.flow import ArmFlow
from analysis.sections import Section, Table
from analysis.study import Study
from analysis.wording import p_value

STREAM = 61  # of the report's seed
MEANING = (
    "Arms can be compared because chance put people into them. Where one arm then loses more of them than another, or "
    "others, that protection is gone for what is left, whatever the tests of accuracy say."
)
FORMULA = (
    "Arms × lost or kept, both margins fixed: p is the share of 9,999 tables drawn at random that are no likelier than "
    "the observed one (Fisher–Freeman–Halton). Excluded: of those who completed. Dropped out: of those who were "
    "allocated and are not still at work."
)
LIMITS = (
    "That a difference was not shown does not show that there is none: few are lost, so only large differences can be "
    "seen. Equal numbers can still be different people."
)
PARTS = (
    ("analysed", "analysed", MODEL),
    ("excluded", "excluded by a rule", CONTROL),
    ("dropped_out", "dropped out", "#cc79a7"),
    ("screened_out", "screened out", "#009e73"),
    ("withdrawn", "withdrawn", SOFT),
    ("enrolled", "still at work", GHOST),
)


def write(study: Study) -> Section:
    """Count the flow and test both kinds of loss."""
    flows = [arm.flow for arm in study.answer.arms]
    rng = np.random.default_rng([study.seed, STREAM])
    tests = {"exclusions": compare_exclusions(flows, rng=rng), "dropouts": compare_dropouts(flows, rng=rng)}
    told = [_tell("excluded", tests["exclusions"]), _tell("who dropped out", tests["dropouts"])]
    reasons = sorted({reason for flow in flows for reason in flow.reasons})
    return Section(
        name="attrition",
        title="Who was lost on the way",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={name: asdict(test) for name, test in tests.items()},
        context={"told": told},
        tables={"attrition": _tabulate(flows, reasons)},
        pictures=(_draw(flows, study.labels),) if any(flow.recruited for flow in flows) else (),
    )


def _tell(who: str, test: LossTest) -> str:
    if test.p is None:
        return f"Whether the share of those {who} differs by arm was not tested: {test.reason}."
    found = f"(Fisher–Freeman–Halton test, p = {p_value(test.p)})"
    if test.p < 0.05:
        return f"The share of those {who} differs by arm {found}: look at the reasons before comparing these arms."
    return f"That the share of those {who} differs by arm was not shown {found}."


def _count(flow: ArmFlow, part: str) -> int:
    return {"analysed": flow.analysed, "excluded": flow.excluded}.get(part, flow.by_status.get(part, 0))


def _tabulate(flows: list[ArmFlow], reasons: list[str]) -> Table:
    header = ("arm", "allocated", *(part for part, _, _ in PARTS), *(f"reason_{reason}" for reason in reasons))
    rows = [
        (flow.arm, flow.recruited, *(_count(flow, part) for part, _, _ in PARTS),
         *(flow.reasons.get(reason, 0) for reason in reasons))
        for flow in flows
    ]  # fmt: skip
    return Table(header, rows)


def _draw(flows: list[ArmFlow], labels: dict[str, str]) -> Picture:
    """Every arm a bar of all who were allocated to it, in parts by how it ended."""
    with mpl.rc_context(STYLE):
        figure, axes = begin_figure("", log=False, height=1.5 + 0.3 * max(len(flows), 2))
        left = np.zeros(len(flows))
        places = np.arange(len(flows))[::-1]
        for part, name, colour in PARTS:
            counts = np.array([_count(flow, part) for flow in flows], dtype=float)
            if counts.any():
                axes.barh(places, counts, left=left, height=0.68, color=colour, label=name, edgecolor="white")
            left += counts
        axes.set_yticks(places, [labels[flow.arm] for flow in flows])
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Participants allocated")
        figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
        return finish_figure(
            figure, "attrition", "How many of those allocated to each arm were analysed or lost, and how."
        )
