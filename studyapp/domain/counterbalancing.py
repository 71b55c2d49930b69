"""Forms A and B, the titles of a block of participants, and the order of a participant's trials.

An item that is human on one form is model-written on the other, and each form is half human (within one, when the
number of items is odd), so that over both forms every item serves equally often as both (PROTOCOL §1).

Where a participant is shown a part of a larger pool, those of one block are shown the same titles, in every arm and on
both forms: then arms and forms differ in nothing but who wrote the texts, and every title comes equally often.

In a paired study, where both versions of an item stand side by side, a form's source says which of them stands first.
"""

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from studyapp.domain.seeds import derive_seed

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


@dataclass(frozen=True)
class Pool:
    """A study's items in two halves (human on one form, human on the other), of which one is shown `shown`.

    Of an odd number of items, the first half has one more.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    shown: int

    def __post_init__(self) -> None:
        if len(self.first) - len(self.second) not in (0, 1):
            raise ValueError(f"forms of {len(self.first)} and {len(self.second)} human items are no halves")
        if not 2 <= self.shown <= self.size:
            raise ValueError(f"a participant can be shown 2 to {self.size} of {self.size} items, not {self.shown}")

    @property
    def size(self) -> int:
        return len(self.first) + len(self.second)


def choose_titles(pool: Pool, *, seed: int, block: int) -> frozenset[int]:
    """The items that the participants of a block (from 1) are shown; the same seed and block give the same.

    Half of them come from each half of the pool; with an odd `shown` the halves take turns at having one more, so that
    each participant's texts are half human within one. Each half is dealt from permutations of its items one after
    another, so after any number of blocks each item of a half was shown equally often within one.
    """
    return frozenset(
        [
            *_deal_half(pool, is_first=True, seed=seed, block=block),
            *_deal_half(pool, is_first=False, seed=seed, block=block),
        ]
    )


def count_showings(*, n_items: int, shown: int, blocks: int) -> dict[int, int]:
    """How often the items come in a cell of `blocks` participants: for each number of times, how many items."""
    n_first = (n_items + 1) // 2
    counts: Counter[int] = Counter()
    for is_first, size in ((True, n_first), (False, n_items - n_first)):
        times, rest = divmod(_count_dealt(n_items=n_items, shown=shown, blocks=blocks, is_first=is_first), size)
        counts[times] += size - rest
        counts[times + 1] += rest
    return {times: items for times, items in sorted(counts.items()) if items}


def _count_dealt(*, n_items: int, shown: int, blocks: int, is_first: bool) -> int:
    """How many titles the first or the second half has given after so many blocks.

    With an odd `shown` the first half (the larger one of an odd pool) gives in proportion to its size, rounded up,
    which is half of `shown` within one for each block, and every other time one more where the halves are equal.
    """
    if shown % 2 == 0:
        return blocks * shown // 2
    first = -(-blocks * shown * ((n_items + 1) // 2) // n_items)
    return first if is_first else blocks * shown - first


def _deal_half(pool: Pool, *, is_first: bool, seed: int, block: int) -> list[int]:
    """What one half gives to a block. After a round of blocks a permutation ends with a block, and all begins anew."""
    half = pool.first if is_first else pool.second
    if pool.shown % 2:
        blocks_a_round = pool.size // math.gcd(pool.shown, pool.size)
    else:
        blocks_a_round = len(half) // math.gcd(pool.shown // 2, len(half))
    number, place = divmod(block - 1, blocks_a_round)
    rng = random.Random(derive_seed(seed, "titles", "first" if is_first else "second", number))
    dealt = 0
    given: list[int] = []
    left: list[int] = []
    for blocks in range(1, place + 2):
        total = _count_dealt(n_items=pool.size, shown=pool.shown, blocks=blocks, is_first=is_first)
        given, left = _deal_next(half, left=left, wanted=total - dealt, rng=rng)
        dealt = total
    return given


def _deal_next(
    half: tuple[int, ...], *, left: list[int], wanted: int, rng: random.Random
) -> tuple[list[int], list[int]]:
    """The next titles of a running sequence of permutations, and what is left of the permutation they end in.

    Where they reach into a new permutation, it is drawn among those that begin with titles not given just now.
    """
    if wanted <= len(left):
        return left[:wanted], left[wanted:]
    head = rng.sample([title for title in half if title not in left], wanted - len(left))
    rest = [title for title in half if title not in head]
    rng.shuffle(rest)
    return [*left, *head], rest


def order_trials(stimuli: Sequence[T], *, rng: random.Random) -> list[T]:
    """The stimuli of a form in the order in which one participant will see them."""
    order = list(stimuli)
    rng.shuffle(order)
    return order
