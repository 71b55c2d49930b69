"""A study that crosses models and numbers of context articles: `shots = [0, 1, 4]` makes an arm for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studyapp.domain.study_sections import Fault


@dataclass(frozen=True)
class CrossedArms:
    """The arms, the number of the entry that each is made of, and what is wrong."""

    arms: list[Any]
    origins: list[int]
    faults: list[str]


def cross_shots(entries: Sequence[Any], *, origins: Sequence[int]) -> CrossedArms:
    """Arms with each list of numbers under `shots` turned into an arm a number: small-k0, small-k1, small-k4.

    What else an entry says holds for all of its arms. `origins` are the numbers by which faults name the entries.
    """
    crossed = CrossedArms([], [], [])
    for entry, origin in zip(entries, origins, strict=True):
        made = [entry]
        if isinstance(entry, Mapping) and isinstance(entry.get("shots"), list):
            if fault := _find_fault(entry):
                crossed.faults.append(Fault(("arms", origin, fault[0]), fault[1]))
                continue
            made = [_name_arm(entry, shots) for shots in entry["shots"]]
        crossed.arms.extend(made)
        crossed.origins.extend([origin] * len(made))
    return crossed


def _find_fault(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    numbers = entry["shots"]
    if not numbers or any(type(number) is not int for number in numbers) or len(set(numbers)) < len(numbers):
        return "shots", f"is {numbers!r}; a list must hold different whole numbers, as [0, 1, 4]"
    if entry.get("control"):
        return "shots", "only one arm can be the control; give it one number, or none"
    return None


def _name_arm(entry: Mapping[str, Any], shots: int) -> dict[str, Any]:
    label = str(entry.get("label") or entry.get("name", ""))
    return {**entry, "name": f"{entry.get('name', '')}-k{shots}", "label": f"{label}, K = {shots}", "shots": shots}
