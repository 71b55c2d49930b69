"""What fine-tuning did to an arm's model, as `python -m generator.finetune` left it beside the weights: a finding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studyapp.domain.launch_facts import Finding

COSTS_FILE, COSTS_FORMAT = "tuning.json", 1
LOSS_TOLERANCE = 0.02  # nats a token by which other text may have become harder before it is a warning
SHARE_TOLERANCE = 0.02  # by which a share of what comes back may have risen
HELD_OUT = "held out"  # the loss that fine-tuning is there to lower
_METHODS = {"full": "all weights", "lora": "an adapter (LoRA)"}
_SHARES = {
    "recalled": "tokens of training articles that come back from their beginning",
    "ngram_share": "8-grams of its texts that stand in the training text",
}
_BESIDE = {
    "extracted": "training articles that come back whole",
    "recalled_held_out": "tokens of held-out articles that come back, which are guessed",
}


@dataclass(frozen=True)
class Change:
    """A number before and after fine-tuning."""

    name: str
    before: float
    after: float

    @property
    def rise(self) -> float:
        return self.after - self.before


@dataclass(frozen=True)
class TuningCosts:
    """Losses in nats a token by what was measured, shares of what comes back, and the longest run in words.

    `beside` are shares that are told and warned of by nobody: what can be guessed rises too where a model learns.
    """

    started_from: str
    method: str
    losses: tuple[Change, ...]
    shares: tuple[Change, ...]
    longest_run: Change
    beside: tuple[Change, ...] = ()

    @property
    def told_method(self) -> str:
        return _METHODS.get(self.method, "not said how")


def read_costs(content: Any) -> TuningCosts | None:
    """What a tuning.json says; None where it says it in no way that is known here."""
    try:
        if content["format"] != COSTS_FORMAT:
            return None
        before, after = content["before"], content["after"]
        return TuningCosts(
            started_from=str(content["started_from"]),
            method=str(content["method"]),
            losses=tuple(_read_change(name, name, before["losses"], after["losses"]) for name in after["losses"]),
            shares=tuple(
                _read_change(name, key, before["memorisation"], after["memorisation"]) for key, name in _SHARES.items()
            ),
            longest_run=_read_change("longest run", "longest_run", before["memorisation"], after["memorisation"]),
            beside=tuple(
                _read_change(name, key, before["memorisation"], after["memorisation"]) for key, name in _BESIDE.items()
            ),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _read_change(name: str, key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    return Change(name, float(before[key]), float(after[key]))


def check_tuning(arm: str, costs: TuningCosts) -> Finding:
    """A warning where other text became harder, or more of the training text comes back, than is noise."""
    head = f"{arm}: fine-tuned from {costs.started_from} ({costs.told_method})"
    risen = [
        f"the loss of {loss.name} rose from {loss.before:.2f} to {loss.after:.2f} nats a token"
        for loss in costs.losses
        if loss.name != HELD_OUT and loss.rise > LOSS_TOLERANCE
    ]
    risen += [
        f"{share.name} rose from {100 * share.before:.0f} to {100 * share.after:.0f} %"
        for share in costs.shares
        if share.rise > SHARE_TOLERANCE
    ]
    if risen:
        run = f"the longest run of words from the training text is {costs.longest_run.after:.0f}"
        return Finding("warn", "Fine-tuning", f"{head}: {'; '.join(risen)}; {run}.")
    return Finding(
        "pass", "Fine-tuning", f"{head}: no other text became harder, and no more of the training text comes back."
    )
