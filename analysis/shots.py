"""Accuracy over the number of context articles K and the size of the model, where a study's arms say K.

Arms of the same generator and size are one model. Of each model with two K or more: accuracy with more context less
that with the fewest, with participants and titles at random (`arm_contrasts`; all arms share the titles, so a hard
title lowers both sides). Fewer points: harder to tell.
"""

from dataclasses import dataclass

import polars as pl

from analysis.arm_contrasts import Tested, judge_two_way, sum_arms
from analysis.estimate import Estimate
from analysis.study import Study


@dataclass(frozen=True)
class ShotArm:
    """An arm that says how many context articles its prompts hold; `model` is shared by the arms of one model."""

    arm: str
    label: str
    model: str
    n_params: int | None
    shots: int
    participants: int
    accuracy: Estimate


@dataclass(frozen=True)
class ShotChange:
    """Accuracy with `to_shots` context articles less that with `from_shots`, of one model."""

    model: str
    n_params: int | None
    from_shots: int
    to_shots: int
    tested: Tested


@dataclass(frozen=True)
class Shots:
    arms: tuple[ShotArm, ...]
    changes: tuple[ShotChange, ...]

    @property
    def models(self) -> dict[str, list[ShotArm]]:
        """The arms of each model, fewest context articles first; models from the smallest on."""
        groups: dict[str, list[ShotArm]] = {}
        for arm in sorted(self.arms, key=lambda arm: (arm.n_params or 0, arm.model, arm.shots)):
            groups.setdefault(arm.model, []).append(arm)
        return groups


def analyse_shots(study: Study) -> Shots:
    """All arms that say a number, and the changes within a model."""
    accuracies = {found.arm: found for found in study.accuracies}
    labels = study.labels
    arms = [
        ShotArm(
            arm=row["arm"],
            label=labels[row["arm"]],
            model=row["generator"] or f"size {row['n_params']}",
            n_params=row["n_params"],
            shots=row["shots"],
            participants=accuracies[row["arm"]].participants,
            accuracy=accuracies[row["arm"]].two_way,
        )
        for row in study.bundle.arms.iter_rows(named=True)
        if row.get("shots") is not None and not row["is_control"]
    ]
    found = Shots(tuple(arms), ())
    judged = {arm.arm for arm in arms if arm.participants}
    if not judged:
        return found
    scored = study.decided.filter(pl.col("arm").is_in(judged)).with_columns(score=pl.col("correct"))
    sums = sum_arms(scored)
    changes = []
    for model, group in found.models.items():
        own = [arm for arm in group if arm.arm in judged]
        for arm in own[1:]:
            tested = judge_two_way(sums, {arm.arm: 1.0, own[0].arm: -1.0})
            changes.append(ShotChange(model, arm.n_params, own[0].shots, arm.shots, tested))
    return Shots(found.arms, tuple(changes))
