"""Forms A and B, and the order of a participant's trials.

An item that is human on one form is model-written on the other, and each form is half human (within one, when the
number of items is odd), so that over both forms every item serves equally often as both (PROTOCOL §1).

In a paired study, where both versions of an item stand side by side, a form's source says which of them stands first.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

Source = Literal["human", "model"]
FORM_NAMES = ("A", "B")
T = TypeVar("T")


@dataclass(frozen=True)
class FormPlan:
    """One form: the source in which it shows each item, in the order in which the items were given."""

    name: str
    sources: tuple[Source, ...]


def plan_forms(*, n_items: int, rng: random.Random) -> tuple[FormPlan, FormPlan]:
    """Draw form A (its half of human items at random) and its mirror image B.

    With an odd number of items, form A shows one human item more than form B.

    Raises:
        ValueError: fewer than two items, from which no balanced pair of forms can be made.
    """
    if n_items < 2:
        raise ValueError(f"two forms need at least 2 items, not {n_items}")
    human_on_a = set(rng.sample(range(n_items), (n_items + 1) // 2))
    form_a: tuple[Source, ...] = tuple("human" if i in human_on_a else "model" for i in range(n_items))
    form_b: tuple[Source, ...] = tuple("model" if source == "human" else "human" for source in form_a)
    return FormPlan("A", form_a), FormPlan("B", form_b)


def order_trials(stimuli: Sequence[T], *, rng: random.Random) -> list[T]:
    """The stimuli of a form in the order in which one participant will see them."""
    order = list(stimuli)
    rng.shuffle(order)
    return order
