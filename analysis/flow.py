"""How many participants came how far, an arm a row, with the reasons of those who are not analysed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from analysis.load import Bundle
from analysis.schema import STATUSES
from analysis.scoring import is_analysed

LEAVING = {"dropped_out": "dropout_reason", "screened_out": "screen_out_reason"}  # status: where its reason stands


@dataclass(frozen=True)
class ArmFlow:
    """Counts of participants. `recruited` is everybody who was allocated; `reasons` counts exclusions by rule.

    `left`: by status, why they left as the records have it (full bundles only).
    """

    arm: str
    recruited: int
    by_status: dict[str, int]
    excluded: int
    reasons: dict[str, int]
    analysed: int
    left: dict[str, dict[str, int]] = field(default_factory=dict)


def count_flow(bundle: Bundle) -> list[ArmFlow]:
    """The flow of every arm, in the order of arms.csv."""
    records = bundle.enrolments.select("participant", *LEAVING.values())
    known = bundle.participants.select("participant", "arm", "status", "excluded", "exclusion_reasons")
    people = known.join(records, on="participant", how="left", maintain_order="left")
    return [_count_arm(arm, people.filter(pl.col("arm") == arm)) for arm in bundle.arms["arm"]]


def count_leavers(flows: Sequence[ArmFlow]) -> dict[str, dict[str, int]]:
    """The recorded reasons of leaving over all arms, by status."""
    found: dict[str, dict[str, int]] = {}
    for flow in flows:
        for status, told in flow.left.items():
            for reason, n in told.items():
                own = found.setdefault(status, {})
                own[reason] = own.get(reason, 0) + n
    return {status: dict(sorted(told.items())) for status, told in found.items()}


def _count_arm(arm: str, people: pl.DataFrame) -> ArmFlow:
    excluded = people.filter(pl.col("excluded") & (pl.col("status") == "completed"))
    reasons: dict[str, int] = {}
    for cell in excluded["exclusion_reasons"]:
        for reason in list(filter(None, (cell or "").split(";"))) or ["not stated"]:
            reasons[reason] = reasons.get(reason, 0) + 1
    return ArmFlow(
        arm=arm,
        recruited=len(people),
        by_status={status: int((people["status"] == status).sum()) for status in STATUSES},
        excluded=len(excluded),
        reasons=dict(sorted(reasons.items())),
        analysed=len(people.filter(is_analysed())),
        left={status: told for status, column in LEAVING.items() if (told := _count_told(people, status, column))},
    )


def _count_told(people: pl.DataFrame, status: str, column: str) -> dict[str, int]:
    told = people.filter(pl.col("status") == status)[column].drop_nulls()
    return dict(sorted((str(reason), int(n)) for reason, n in told.value_counts().iter_rows()))
