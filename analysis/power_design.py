"""What a planned study is assumed to be: its arms and their accuracies, its spreads, its sizes, and what it costs.

Spreads are standard deviations on the probit scale (the noise of one judgment has SD 1). A plan is a plain mapping on
the way in and out (JSON), so that whoever asks for a simulation and whoever runs it need share nothing but the mapping.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from statistics import NormalDist
from typing import Any

from analysis.published import SHORT

CONTROL_ACCURACY = 0.86  # the published control, smallest and largest model (Brown et al. 2020, table 3.11)
SMALLEST_ACCURACY, LARGEST_ACCURACY = 0.76, 0.52
PUBLISHED_SIZES = tuple(arm.n_params for arm in SHORT.models)
LEAST_ACCURACY, MOST_ACCURACY = 0.02, 0.99
MOST_CELLS, MOST_RUNS, MOST_PARTICIPANTS, MOST_TITLES = 64, 100_000, 5_000, 2_000


class PlanError(ValueError):
    """A plan that cannot be simulated; `faults` are sentences that say what to change."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True)
class PlannedArm:
    """An arm and the accuracy that is assumed for it, a fraction."""

    name: str
    n_params: float | None
    is_control: bool
    accuracy: float


@dataclass(frozen=True)
class Spread:
    """Standard deviations, on the probit scale but for `model`.

    `participant`: of a participant's leaning to say "machine". `slope`: of a participant's sensitivity d'. `title`: of
    a story's leaning, in both its versions. `item`: of one text's. `model`: of the models' true accuracies around the
    assumed ones, a fraction: the published table has more scatter between models than its intervals explain.
    """

    participant: float = 0.5
    slope: float = 0.35
    title: float = 0.3
    item: float = 0.35
    model: float = 0.03

    @property
    def dilution(self) -> float:
        """How much larger d' must be, so that the accuracy over all participants and texts is the planned one."""
        return math.sqrt(1 + self.participant**2 + self.slope**2 / 4 + self.title**2 + self.item**2)


@dataclass(frozen=True)
class Plan:
    """A grid of designs to simulate. `participants` are an arm's, all of whom are paid; `lost` of them are excluded.

    `shown`: how many of the titles a participant reads (all of them where there are no more). `dont_know`: the share of
    answers "I don't know". `gate`: what the control's interval must lie above. `fee`: the platform's, a share of the
    reward.
    """

    arms: tuple[PlannedArm, ...]
    participants: tuple[int, ...] = (10, 20, 40, 80, 160)
    titles: tuple[int, ...] = (25, 50, 100)
    shown: int = 25
    spread: Spread = field(default_factory=Spread)
    dont_know: float = 0.07
    lost: float = 0.13
    runs: int = 1000
    seed: int = 1
    gate: float = 0.5
    alpha: float = 0.05
    reward: float = 0.0
    fee: float = 0.0
    currency: str = ""

    def __post_init__(self) -> None:
        if faults := [*_check_arms(self.arms), *_check_sizes(self), *_check_shares(self)]:
            raise PlanError(faults)

    @property
    def control(self) -> PlannedArm | None:
        return next((arm for arm in self.arms if arm.is_control), None)

    @property
    def models(self) -> tuple[PlannedArm, ...]:
        """The arms but the control, smallest first; those of unknown size at the end."""
        return tuple(sorted((arm for arm in self.arms if not arm.is_control), key=lambda arm: arm.n_params or math.inf))

    @property
    def largest(self) -> PlannedArm | None:
        """The largest model of known size, which is tested for equivalence to chance."""
        return next((arm for arm in reversed(self.models) if arm.n_params), None)

    def cost(self, participants: int) -> float:
        """What is paid for so many participants in every arm, with the platform's fee."""
        return participants * len(self.arms) * self.reward * (1 + self.fee)


def place_on_curve(
    n_params: float | None, *, is_control: bool, sizes: Sequence[float], ends: tuple[float, float, float] | None = None
) -> float:
    """The accuracy of the published shape: `ends` of control, smallest and largest, a line in log size between them."""
    control, smallest, largest = ends or (CONTROL_ACCURACY, SMALLEST_ACCURACY, LARGEST_ACCURACY)
    if is_control or not n_params or not sizes:
        return control if is_control else smallest
    low, high = math.log(min(sizes)), math.log(max(sizes))
    share = (math.log(n_params) - low) / (high - low) if high > low else 0.0
    return smallest + share * (largest - smallest)


def make_published_arms() -> tuple[PlannedArm, ...]:
    """The nine arms of the published short study, on the straight line between its ends."""
    models = (
        PlannedArm(name, size, False, place_on_curve(size, is_control=False, sizes=PUBLISHED_SIZES))
        for name, size in zip(
            ("small", "medium", "large", "xl", "2.7b", "6.7b", "13b", "175b"), PUBLISHED_SIZES, strict=True
        )
    )
    return (PlannedArm("control", 160e6, True, CONTROL_ACCURACY), *models)


def probit_sd(logit_sd: float) -> float:
    """The probit SD whose effects spread probabilities around one half as much as effects of that logit SD do.

    Matches Var[expit(X)], X ~ N(0, s²), by Var[Φ(Y)] = arcsin(τ² / (1 + τ²)) / 2π, Y ~ N(0, τ²). About s / 1.6.
    """
    if logit_sd <= 0:
        return 0.0
    step, normal = 0.01, NormalDist(0, logit_sd)
    points = [logit_sd * step * number for number in range(-800, 801)]
    variance = sum((1 / (1 + math.exp(-x)) - 0.5) ** 2 * normal.pdf(x) for x in points) * logit_sd * step
    share = math.sin(2 * math.pi * variance)
    return math.sqrt(share / (1 - share))


def read_plan(mapping: Mapping[str, Any]) -> Plan:
    """The plan of a mapping as `describe_plan` gives it; what is left out is as the defaults say.

    Raises:
        PlanError: an unknown key, or values that cannot be simulated.
    """
    known = {entry.name for entry in fields(Plan)}
    if unknown := sorted(set(mapping) - known):
        raise PlanError([f"there is no {name!r} in a plan; it knows {', '.join(sorted(known))}" for name in unknown])
    values = dict(mapping)
    try:
        if "arms" in values:
            values["arms"] = tuple(PlannedArm(**arm) for arm in values["arms"])
        else:
            values["arms"] = make_published_arms()
        if "spread" in values:
            values["spread"] = Spread(**values["spread"])
        for name in ("participants", "titles"):
            if name in values:
                values[name] = tuple(sorted({int(number) for number in values[name]}))
        return Plan(**values)
    except (TypeError, ValueError) as error:
        if isinstance(error, PlanError):
            raise
        raise PlanError([f"a value of the plan is of another kind than is meant: {error}"]) from None


def describe_plan(plan: Plan) -> dict[str, Any]:
    """The mapping of which `read_plan` makes the same plan."""
    described = {entry.name: getattr(plan, entry.name) for entry in fields(plan)}
    described["arms"] = [vars(arm).copy() for arm in plan.arms]
    described["spread"] = vars(plan.spread).copy()
    return {**described, "participants": list(plan.participants), "titles": list(plan.titles)}


def flatten(plan: Plan) -> Plan:
    """The same plan under the null: every arm at chance, no model of its own."""
    arms = tuple(replace(arm, accuracy=0.5) for arm in plan.arms)
    return replace(plan, arms=arms, spread=replace(plan.spread, model=0.0))


def _check_arms(arms: Sequence[PlannedArm]) -> list[str]:
    faults = [
        f"{arm.name}: an accuracy of {arm.accuracy:g}; it must be from {LEAST_ACCURACY} to {MOST_ACCURACY}"
        for arm in arms
        if not LEAST_ACCURACY <= arm.accuracy <= MOST_ACCURACY
    ]
    if not arms:
        faults.append("the plan has no arm")
    elif not any(arm.n_params for arm in arms if not arm.is_control):
        faults.append("no model's size is known, so neither a trend nor a largest model can be tested: give n_params")
    if sum(arm.is_control for arm in arms) > 1:
        faults.append("only one arm can be the control")
    if len({arm.name for arm in arms}) < len(arms):
        faults.append("each arm needs a name of its own")
    faults += [
        f"{arm.name}: a size of {arm.n_params:g}" for arm in arms if arm.n_params is not None and arm.n_params < 1
    ]
    return faults


def _check_sizes(plan: Plan) -> list[str]:
    ranges = (
        ("participants an arm", plan.participants, 4, MOST_PARTICIPANTS),
        ("titles", plan.titles, 4, MOST_TITLES),
        ("titles that a participant reads", (plan.shown,), 2, MOST_TITLES),
        ("runs", (plan.runs,), 10, MOST_RUNS),
    )
    faults = [
        f"{name}: {number}; it must be from {least:,} to {most:,}"
        for name, numbers, least, most in ranges
        for number in numbers
        if not least <= number <= most
    ]
    cells = len(plan.participants) * len(plan.titles)
    if not 1 <= cells <= MOST_CELLS:
        faults.append(f"a grid of {cells} designs; it must have from 1 to {MOST_CELLS}")
    if plan.seed < 0:
        faults.append("the seed must not be negative")
    return faults


def _check_shares(plan: Plan) -> list[str]:
    shares = (
        ("share of “I don't know”", plan.dont_know, 0.9),
        ("share of excluded participants", plan.lost, 0.9),
        ("what the control must lie above", plan.gate, 0.99),
        ("alpha", plan.alpha, 0.5),
        ("fee", plan.fee, 10.0),
        ("reward", plan.reward, 1e9),
        *((f"spread of {name}", value, 3.0) for name, value in vars(plan.spread).items()),
    )
    return [
        f"{name}: {value:g}; it must be from 0 to {most:g}" for name, value, most in shares if not 0 <= value <= most
    ]
