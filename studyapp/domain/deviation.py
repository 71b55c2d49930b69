"""What may still be changed once a study is launched, and how a change is written down.

The design stays frozen under its hash: a change is a deviation from it, with a reason, and everybody who is given the
data is told of it. What decides which texts are shown, to whom, and who is excluded cannot be changed at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int


@dataclass(frozen=True)
class Changeable:
    """A key of the study file that may change after launch: its column, its name for people, and a rule."""

    key: str
    column: str
    label: str
    is_number: bool = False
    is_text: bool = False  # of several lines
    only_up: bool = False
    may_be_empty: bool = False

    def describe_rule(self, before: Value) -> str:
        """What one should know before one changes it from what it is now."""
        return f"It can only go up from {before}: places that were promised stay." if self.only_up else ""


CHANGEABLE: dict[str, Changeable] = {
    entry.key: entry
    for entry in (
        Changeable("targets.participants_per_cell", "participants_per_cell", "Participants in each arm and form",
                   is_number=True, only_up=True),
        Changeable("targets.dropout_minutes", "dropout_minutes", "Minutes until a silent participant has dropped out",
                   is_number=True),
        Changeable("recruitment.estimated_minutes", "estimated_minutes", "Estimated minutes", is_number=True),
        Changeable("recruitment.reward", "reward", "Reward", may_be_empty=True),
        Changeable("recruitment.contact", "contact", "Contact", may_be_empty=True),
        Changeable("recruitment.completion_code", "completion_code", "Completion code", may_be_empty=True),
        Changeable("texts.consent", "consent_text", "Consent", is_text=True),
        Changeable("texts.instructions", "instructions_text", "Instructions", is_text=True),
        Changeable("texts.question", "question_text", "Question under every article"),
        Changeable("texts.debriefing", "debriefing_text", "Debriefing", is_text=True),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One key before and after."""

    key: str
    before: Value
    after: Value


class DeviationRefusedError(ValueError):
    """A change that cannot be made; `faults` say why, by key ("" for the whole)."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {fault}" if key else fault for key, fault in faults.items()))
        self.faults = dict(faults)


def plan_changes(*, current: Mapping[str, Value], wanted: Mapping[str, Value], reason: str) -> list[Change]:
    """The changes that `wanted` means to `current` (both by key); what stays as it is is no change.

    Raises:
        DeviationRefusedError: a key may not change or not so, no reason is given, or nothing would change.
    """
    faults = {key: fault for key, value in wanted.items() if (fault := _find_fault(key, current.get(key), value))}
    if not reason.strip():
        faults["reason"] = "say why; whoever is given the data will read it"
    if faults:
        raise DeviationRefusedError(faults)
    changes = [Change(key, current[key], value) for key, value in wanted.items() if value != current[key]]
    if not changes:
        raise DeviationRefusedError({"": "Nothing would change."})
    return changes


def _find_fault(key: str, before: Value | None, after: Value) -> str:
    rule = CHANGEABLE.get(key)
    if rule is None or before is None:
        return f"cannot be changed after launch; these can: {', '.join(CHANGEABLE)}"
    if rule.is_number != (isinstance(after, int) and not isinstance(after, bool)):
        return "must be a whole number" if rule.is_number else "must be a text"
    if rule.only_up and isinstance(after, int) and isinstance(before, int) and after < before:
        return f"can only go up from {before}: places that were promised stay"
    if isinstance(after, str) and not after.strip() and before and not rule.may_be_empty:
        return "cannot be emptied; participants must be given one"
    return ""
