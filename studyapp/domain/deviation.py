"""What may still be changed once a study is launched, and how a change is written down.

The design stays frozen under its hash: a change is a deviation from it, with a reason, and everybody who is given the
data is told of it. What decides which texts are shown, to whom, and who is excluded cannot be changed at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | None
PLACES = "places that were promised stay"
DAYS = "participants were promised their days"


@dataclass(frozen=True)
class Changeable:
    """A key of the study file that may change after launch: its column, its name for people, and a rule.

    `only_up`: why a number may only go up; "" where it may go down too. A number that may be empty has no bound then.
    """

    key: str
    column: str
    label: str
    is_number: bool = False
    is_text: bool = False  # of several lines
    least: int = 1  # of a number
    only_up: str = ""
    may_be_empty: bool = False

    def describe_rule(self, before: Value) -> str:
        """What one should know before one changes it from what it is now."""
        if not self.only_up:
            return ""
        if before is None:
            return f"It has no bound, and stays so: {self.only_up}."
        empty = " Empty: no bound." if self.may_be_empty else ""
        return f"It can only go up from {before}: {self.only_up}.{empty}"


CHANGEABLE: dict[str, Changeable] = {
    entry.key: entry
    for entry in (
        Changeable("targets.participants_per_cell", "participants_per_cell", "Participants in each arm and form",
                   is_number=True, only_up=PLACES),
        Changeable("targets.dropout_minutes", "dropout_minutes", "Minutes until a silent participant has dropped out",
                   is_number=True),
        Changeable("debriefing.withdrawal_days", "withdrawal_days", "Days in which answers can be withdrawn",
                   is_number=True, least=0, only_up=DAYS, may_be_empty=True),
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
    faults = {key: fault for key, value in wanted.items() if (fault := _find_fault(key, current, value))}
    if not reason.strip():
        faults["reason"] = "say why; whoever is given the data will read it"
    if faults:
        raise DeviationRefusedError(faults)
    changes = [Change(key, current[key], value) for key, value in wanted.items() if value != current[key]]
    if not changes:
        raise DeviationRefusedError({"": "Nothing would change."})
    return changes


def _find_fault(key: str, current: Mapping[str, Value], after: Value) -> str:
    rule = CHANGEABLE.get(key)
    if rule is None or key not in current:
        return f"cannot be changed after launch; these can: {', '.join(CHANGEABLE)}"
    before = current[key]
    if rule.is_number:
        return _find_number_fault(rule, before, after)
    if not isinstance(after, str):
        return "must be a text"
    if not after.strip() and before and not rule.may_be_empty:
        return "cannot be emptied; participants must be given one"
    return ""


def _find_number_fault(rule: Changeable, before: Value, after: Value) -> str:
    """An empty number has no bound, which is more than any."""
    if after is None and rule.may_be_empty:
        return ""
    if not isinstance(after, int) or isinstance(after, bool):
        return "must be a whole number"
    if rule.only_up and (before is None or (isinstance(before, int) and after < before)):
        has = "no bound now, and none can be set" if before is None else f"can only go up from {before}"
        return f"{has}: {rule.only_up}"
    return ""
