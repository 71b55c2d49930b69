"""Power, Type-I error and coverage of every design of a plan's grid, each with its Monte-Carlo error.

Each design is simulated twice: as planned, and under the null (every arm at chance, no scatter of models). A share of
runs has the Monte-Carlo error s / √runs, s its standard deviation over runs, and Wilson's 95 % limits.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.power_design import Plan, PlannedArm, describe_plan, flatten
from analysis.power_draws import ArmDraws, draw_studies
from analysis.power_tests import (
    CHANCE,
    METHODS,
    Estimate,
    Method,
    adjust_holm_runs,
    estimate_arm,
    estimate_contrast,
    estimate_trend,
    judge_equivalence,
    list_sized,
)

SCHEMA_VERSION = "1"
BOUNDS = (3, 5, 10)  # percentage points around chance
Scenario = Literal["planned", "null"]
Key = tuple[Scenario, str, str, Method]  # scenario, test, arm, method
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """The share of runs in which a test found what it looks for (under the null: wrongly), or an interval its truth.

    `arm` is empty where a test is of all arms. `test` is one of: gate, contrast, contrasts, trend, equivalence_N (after
    Holm over all models), equivalence_N_alone (of the largest model alone); under the null also coverage and
    equivalence (the error of one side at the bound itself).
    """

    scenario: Scenario
    test: str
    arm: str
    method: Method
    share: float
    mc_error: float
    low: float
    high: float


@dataclass(frozen=True)
class Cell:
    """One design of the grid: sizes, what it costs, and what was found."""

    participants: int
    titles: int
    shown: int
    participants_in_all: int
    cost: float
    findings: tuple[Finding, ...]

    def find(self, test: str, *, method: Method, scenario: Scenario = "planned", arm: str = "") -> Finding | None:
        """The finding of that test, if it could be carried out."""
        return next(
            (f for f in self.findings if (f.scenario, f.test, f.arm, f.method) == (scenario, test, arm, method)), None
        )


@dataclass(frozen=True)
class PowerGrid:
    """All designs of a plan, and how many seconds they took."""

    plan: Plan
    cells: tuple[Cell, ...]
    seconds: float


def simulate_grid(plan: Plan, *, on_progress: Progress | None = None) -> PowerGrid:
    """Simulate every design; `on_progress(done, total)` is called before each and at the end."""
    started = time.monotonic()
    sizes = [(participants, titles) for titles in plan.titles for participants in plan.participants]
    cells = []
    for done, (participants, titles) in enumerate(sizes):
        if on_progress:
            on_progress(done, len(sizes))
        cells.append(simulate_design(plan, participants=participants, titles=titles))
    if on_progress:
        on_progress(len(sizes), len(sizes))
    return PowerGrid(plan=plan, cells=tuple(cells), seconds=time.monotonic() - started)


def simulate_design(plan: Plan, *, participants: int, titles: int) -> Cell:
    """One design, as planned and under the null."""
    gathered: dict[Key, list[NDArray[np.float64]]] = {}
    scenarios: tuple[tuple[Scenario, Plan], ...] = (("planned", plan), ("null", flatten(plan)))
    for scenario, assumed in scenarios:
        for arms in draw_studies(assumed, participants=participants, titles=titles):
            for method in METHODS:
                for (test, arm), found in _try_tests(assumed, arms, method=method, scenario=scenario):
                    gathered.setdefault((scenario, test, arm, method), []).append(np.asarray(found, dtype=float))
    findings = tuple(_summarise(key, np.concatenate(parts)) for key, parts in gathered.items())
    return Cell(
        participants=participants,
        titles=titles,
        shown=min(plan.shown, titles),
        participants_in_all=participants * len(plan.arms),
        cost=plan.cost(participants),
        findings=findings,
    )


def describe_grid(grid: PowerGrid) -> dict[str, Any]:
    """The result as plain values; the same plan gives the same ones, but for `seconds`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "plan": describe_plan(grid.plan),
        "seconds": round(grid.seconds, 2),
        "cells": [
            {**asdict(cell), "findings": [_round_shares(asdict(finding)) for finding in cell.findings]}
            for cell in grid.cells
        ],
    }


Found = tuple[tuple[str, str], NDArray[Any]]


def _try_tests(plan: Plan, arms: Mapping[str, ArmDraws], *, method: Method, scenario: Scenario) -> Iterator[Found]:
    """Every test of one batch: its name and arm, and what it came to in each run."""
    estimates = {name: estimate_arm(arm, method=method) for name, arm in arms.items()}
    control = plan.control
    if control is not None:
        lower_p = estimates[control.name].above(CHANCE if scenario == "null" else plan.gate)
        yield ("gate", ""), np.asarray(lower_p < plan.alpha / 2)
        yield from _try_contrasts(plan, arms, control, method=method, scenario=scenario)
    trend = estimate_trend(*list_sized(arms, {arm.name: arm.n_params for arm in plan.models}), method=method)
    if trend is not None:
        p = trend.two_sided()
        yield ("trend", ""), (p < plan.alpha) & ((trend.value > 0) | (scenario == "null"))
    if scenario == "planned":
        yield from _try_equivalence(plan, estimates)
        return
    covered = [estimate.covers(arms[name].truth, alpha=plan.alpha) for name, estimate in estimates.items()]
    yield ("coverage", ""), np.mean(covered, axis=0)
    yield ("equivalence", ""), np.mean([estimate.below(CHANCE) < plan.alpha for estimate in estimates.values()], axis=0)


def _try_contrasts(
    plan: Plan, arms: Mapping[str, ArmDraws], control: PlannedArm, *, method: Method, scenario: Scenario
) -> Iterator[Found]:
    """Under the null: the mean error of a single contrast, unadjusted, and that of the family after Holm."""
    if not plan.models:
        return
    tests = [estimate_contrast(arms[control.name], arms[arm.name], method=method) for arm in plan.models]
    p = np.stack([test.two_sided() for test in tests], axis=1)
    is_found = adjust_holm_runs(p) < plan.alpha
    if scenario == "null":
        yield ("contrast", ""), (p < plan.alpha).mean(1)
        yield ("contrasts", ""), np.asarray(is_found.any(1))
        return
    is_found &= np.stack([test.value > 0 for test in tests], axis=1)
    for place, arm in enumerate(plan.models):
        yield ("contrast", arm.name), is_found[:, place]
    yield ("contrasts", ""), np.asarray(is_found.all(1))


def _try_equivalence(plan: Plan, estimates: Mapping[str, Estimate]) -> Iterator[Found]:
    if plan.largest is None:
        return
    names = [arm.name for arm in plan.models]
    place = names.index(plan.largest.name)
    for bound in BOUNDS:
        p = np.stack([judge_equivalence(estimates[name], bound=bound / 100) for name in names], axis=1)
        yield (f"equivalence_{bound}", ""), adjust_holm_runs(p)[:, place] < plan.alpha
        yield (f"equivalence_{bound}_alone", ""), p[:, place] < plan.alpha


def _summarise(key: Key, values: NDArray[np.float64]) -> Finding:
    scenario, test, arm, method = key
    n, share = len(values), float(values.mean())
    z = 1.959964
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return Finding(
        scenario=scenario,
        test=test,
        arm=arm,
        method=method,
        share=share,
        mc_error=float(values.std(ddof=1) / n**0.5),
        low=max(0.0, centre - half),
        high=min(1.0, centre + half),
    )


def _round_shares(finding: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in finding.items()}
