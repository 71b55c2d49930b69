"""The cast of a rehearsal: kinds of simulated participants with their shares, and what each person and text is like.

Everything is drawn from the rehearsal's seed and a name (a participant's number, a text's item and arm), so that what
was planted can be worked out again from the rows afterwards, on any machine.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from studyapp.domain.judgment import Judgment
from studyapp.domain.seeds import derive_seed

GOLDEN = (math.sqrt(5) - 1) / 2  # multiples of it lie evenly, so that few participants have the shares as well as many


class Kind(StrEnum):
    """What a simulated participant does beside reading."""

    STEADY = "steady"
    AWKWARD = "awkward"  # reloads pages, goes back and sends another answer
    DOUBLE_CLICKER = "double_clicker"  # sends every answer twice at the same moment
    STRAIGHT_LINER = "straight_liner"  # gives one and the same answer throughout
    DROPOUT = "dropout"  # stops in the middle and never comes back
    LOOKER = "looker"  # looks things up, and says so


@dataclass(frozen=True)
class Character:
    """One simulated participant, before they come."""

    kind: Kind = Kind.STEADY
    leaning: float | None = None  # to say "machine", in units of a judgment's noise; None: the rater draws it
    sensitivity: float = 0.0  # what their d' has more, or less, than the arm's
    line: Judgment = Judgment.MORE_LIKELY_HUMAN  # a straight-liner's answer
    stops_after: int | None = None  # answers, of somebody who drops out
    habits: int = 0  # the seed of how they read, and of what they do beside it

    def answer_blindly(self, *, n_answers: int) -> int:
        """What a straight-liner says to any question of that many answers: their one answer, if there are so many."""
        return min(int(self.line), n_answers)


@dataclass(frozen=True)
class Cast:
    """Shares of the kinds (the rest is steady), and standard deviations in units of a judgment's noise."""

    awkward: float = 0.15
    double_clicker: float = 0.10
    straight_liner: float = 0.08
    dropout: float = 0.12
    looker: float = 0.10
    participant_sd: float = 0.30
    sensitivity_sd: float = 0.35
    item_sd: float = 0.35

    def __post_init__(self) -> None:
        shares = self.shares()
        if any(share < 0 for share in shares.values()) or sum(shares.values()) > 1:
            raise ValueError("the shares of the kinds must not be negative, and come to 1 at the most")
        if self.dropout > 0.8:
            raise ValueError("dropout: with more than 0.8 the cells would hardly ever fill")
        if min(self.participant_sd, self.sensitivity_sd, self.item_sd) < 0:
            raise ValueError("a standard deviation must not be negative")

    def shares(self) -> dict[Kind, float]:
        """The share of every kind that does something of its own."""
        return {kind: getattr(self, kind.value) for kind in Kind if kind is not Kind.STEADY}

    @property
    def dilution(self) -> float:
        """By how much d' must be larger, so that people and texts together have the planted accuracy."""
        return math.sqrt(1 + self.participant_sd**2 + self.sensitivity_sd**2 / 4 + self.item_sd**2)


def read_cast(parameters: Mapping[str, Any]) -> Cast:
    """The cast that `describe_cast` has described."""
    return Cast(**parameters)


def describe_cast(cast: Cast) -> dict[str, Any]:
    """The cast as plain JSON."""
    return asdict(cast)


def draw_character(cast: Cast, *, seed: int, number: int, n_items: int) -> Character:
    """The participant of that number (from 1)."""
    rng = random.Random(derive_seed(seed, "character", number))
    kind = _choose_kind(cast, place=(derive_seed(seed, "kinds") % 10**6 / 10**6 + number * GOLDEN) % 1)
    lines = [judgment for judgment in Judgment if judgment is not Judgment.DONT_KNOW]
    return Character(
        kind=kind,
        leaning=rng.gauss(0.0, cast.participant_sd),
        sensitivity=rng.gauss(0.0, cast.sensitivity_sd),
        line=rng.choice(lines),
        stops_after=rng.randrange(n_items) if kind is Kind.DROPOUT else None,
        habits=rng.getrandbits(62),
    )


def draw_effect(cast: Cast, *, seed: int, item: str, arm: str) -> float:
    """How much more than others that text looks a machine's; `arm` is empty for the human text, one for all arms."""
    return random.Random(derive_seed(seed, "text", item, arm)).gauss(0.0, cast.item_sd)


def _choose_kind(cast: Cast, *, place: float) -> Kind:
    below = 0.0
    for kind, share in cast.shares().items():
        below += share
        if place < below:
            return kind
    return Kind.STEADY
