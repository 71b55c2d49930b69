"""Whether a rehearsal found what was planted: every check with its tolerance, and the verdict.

An arm's accuracy is compared with what its own participants and texts lead to expect: given whom the cells drew, what
each read and which answers were neutral, a right answer is a coin with a known bias, so the arm's mean is off its
expectation by binomial noise alone, whose variance is known. The tolerance is z standard errors, z such that all such
checks together raise a false alarm in one rehearsal of a hundred (Bonferroni). Counts must agree exactly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

FALSE_ALARMS = 0.01  # of a whole rehearsal


@dataclass(frozen=True)
class ArmPlant:
    """What was planted in an arm. `expected` and `variance` are of its mean accuracy, given who came and read what."""

    arm: str
    label: str
    n_params: int | None
    is_control: bool
    planted: float
    expected: float | None
    variance: float
    participants: int


@dataclass(frozen=True)
class Plant:
    """What was planted, and what the rows must therefore hold."""

    arms: tuple[ArmPlant, ...]
    completed: int
    dropouts: int
    exclusions: Mapping[str, int]  # by rule; those that the cast breaks on purpose
    answers: int  # over all participants, each stored once
    stored_answers: int
    cells: Sequence[tuple[str, int, int]]  # name, target, completed


@dataclass(frozen=True)
class Check:
    """One comparison. `low` and `high` bound what is tolerated; `passed` is None where nothing can be decided."""

    name: str
    subject: str
    planted: float | None
    found: float | None
    low: float | None
    high: float | None
    passed: bool | None
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """Every check of a rehearsal."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed is not False for check in self.checks)

    def describe(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}


def judge_rehearsal(plant: Plant, results: Mapping[str, Any]) -> Verdict:
    """Compare a plant with the report's results.json."""
    found = {arm["arm"]: arm for arm in results["arms"]}
    judged = [arm for arm in plant.arms if arm.expected is not None]
    z = NormalDist().inv_cdf(1 - FALSE_ALARMS / (2 * (len(judged) + 1)))
    return Verdict(
        checks=(
            *(_check_accuracy(arm, found.get(arm.arm, {}), z=z) for arm in plant.arms),
            _check_trend(judged, found, z=z),
            *_check_flow(plant, results["flow"]),
            *_check_cells(plant.cells),
            _count("answers stored once", "", plant.answers, plant.stored_answers),
            _check_marked(results),
        )
    )


def _check_accuracy(arm: ArmPlant, found: Mapping[str, Any], *, z: float) -> Check:
    accuracy, low, high = found.get("accuracy"), found.get("ci_low"), found.get("ci_high")
    note = f"curve {_percent(arm.planted)}"
    if low is not None and high is not None:
        holds = "holds" if low <= arm.planted <= high else "does not hold"
        note += f"; the report's interval {_percent(low)} to {_percent(high)} {holds} it"
    elif accuracy is not None:
        note += "; the report has no interval: too few participants"
    if arm.expected is None:
        return Check("accuracy", arm.arm, None, accuracy, None, None, accuracy is None, "nobody to analyse")
    half = z * math.sqrt(arm.variance) + 1e-9
    low, high = arm.expected - half, arm.expected + half
    is_within = accuracy is not None and low <= accuracy <= high
    is_whole = found.get("participants") == arm.participants
    if not is_whole:
        note += f"; {arm.participants} participants can be scored, the report has {found.get('participants')}"
    return Check("accuracy", arm.arm, arm.expected, accuracy, low, high, is_within and is_whole, note)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _check_trend(arms: Sequence[ArmPlant], found: Mapping[str, Any], *, z: float) -> Check:
    """The fall of accuracy for each factor of ten in size, by least squares, of what is expected and what was found."""
    sized = [(arm, arm.n_params) for arm in arms if arm.n_params and not arm.is_control]
    if len({size for _, size in sized}) < 2:
        return Check("trend", "", None, None, None, None, None, "fewer than two sizes")
    x = [math.log10(size) for _, size in sized]
    centre = sum(x) / len(x)
    total = sum((value - centre) ** 2 for value in x)
    weights = [(value - centre) / total for value in x]
    expected = sum(weight * (arm.expected or 0.0) for weight, (arm, _) in zip(weights, sized, strict=True))
    accuracies = [found.get(arm.arm, {}).get("accuracy") for arm, _ in sized]
    if any(accuracy is None for accuracy in accuracies):
        return Check("trend", "", expected, None, None, None, False, "the report has no accuracy of an arm")
    slope = sum(weight * accuracy for weight, accuracy in zip(weights, accuracies, strict=True))
    half = z * math.sqrt(sum(weight**2 * arm.variance for weight, (arm, _) in zip(weights, sized, strict=True))) + 1e-9
    is_within = expected - half <= slope <= expected + half
    if abs(expected) <= half:
        note = "its sign cannot be decided with so few participants"
        return Check("trend", "", expected, slope, expected - half, expected + half, is_within, note)
    has_sign = (slope < 0) == (expected < 0)
    note = f"accuracy {'falls' if slope < 0 else 'rises'} with size, {'as' if has_sign else 'not as'} planted"
    return Check("trend", "", expected, slope, expected - half, expected + half, is_within and has_sign, note)


def _check_flow(plant: Plant, flow: Sequence[Mapping[str, Any]]) -> list[Check]:
    """Counts of the report against those of the cast."""

    def count_status(status: str) -> int:
        return sum(arm["by_status"][status] for arm in flow)

    reasons: dict[str, int] = {}
    for arm in flow:
        for reason, number in arm["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + number
    checks = [
        _count("completed", "", plant.completed, count_status("completed")),
        _count("dropped out", "", plant.dropouts, count_status("dropped_out")),
        _count("still at work", "", 0, count_status("enrolled")),
    ]
    for rule, number in plant.exclusions.items():
        checks.append(_count("excluded", rule, number, reasons.pop(rule, 0)))
    for rule, number in reasons.items():
        note = "a rule that the cast does not break on purpose"
        checks.append(Check("excluded", rule, None, number, None, None, None, note))
    return checks


def _check_cells(cells: Sequence[tuple[str, int, int]]) -> list[Check]:
    """How many cells have exactly their target; those that have not are named."""
    wrong = [_count("cell", name, target, completed) for name, target, completed in cells if completed != target]
    return [_count("cells filled", "", len(cells), len(cells) - len(wrong)), *wrong]


def _check_marked(results: Mapping[str, Any]) -> Check:
    is_marked = results["manifest"].get("simulated") is True
    return Check("marked as simulated", "", 1.0, float(is_marked), 1.0, 1.0, is_marked)


def _count(name: str, subject: str, planted: int, found: int) -> Check:
    return Check(name, subject, planted, found, planted, planted, planted == found)
