"""How many participants came how far, an arm a row, with the reasons of those who are not analysed."""

from dataclasses import dataclass

import polars as pl

from analysis.load import Bundle
from analysis.schema import STATUSES
from analysis.scoring import is_analysed


@dataclass(frozen=True)
class ArmFlow:
    """Counts of participants. `recruited` is everybody who was allocated; `reasons` counts exclusions by rule."""

    arm: str
    recruited: int
    by_status: dict[str, int]
    excluded: int
    reasons: dict[str, int]
    analysed: int


def count_flow(bundle: Bundle) -> list[ArmFlow]:
    """The flow of every arm, in the order of arms.csv."""
    return [_count_arm(arm, bundle.participants.filter(pl.col("arm") == arm)) for arm in bundle.arms["arm"]]


def _count_arm(arm: str, people: pl.DataFrame) -> ArmFlow:
    excluded = people.filter(pl.col("excluded") & (pl.col("status") == "completed"))
    reasons: dict[str, int] = {}
    for cell in excluded["exclusion_reasons"]:
        for reason in (cell or "not stated").split(";"):
            reasons[reason] = reasons.get(reason, 0) + 1
    return ArmFlow(
        arm=arm,
        recruited=len(people),
        by_status={status: int((people["status"] == status).sum()) for status in STATUSES},
        excluded=len(excluded),
        reasons=dict(sorted(reasons.items())),
        analysed=len(people.filter(is_analysed())),
    )
