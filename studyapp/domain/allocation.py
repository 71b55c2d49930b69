"""Which cell (arm x form) the next participant joins: places in permuted blocks.

A block holds one place of each cell, in an order drawn for it, and arrivals take the places in turn. So all arms run
at the same time (an arm is never a day of the week), and the cells stay within one of each other.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studyapp.domain.seeds import derive_seed


@dataclass(frozen=True)
class Cell:
    """An arm x form: how many participants it shall have, and how many of its places are held."""

    arm_id: int
    form_id: int
    target: int
    occupied: int


@dataclass(frozen=True)
class PlannedPlace:
    """One place of a cell: its block and its position in it, both from 1, and the seed of the block's order."""

    arm_id: int
    form_id: int
    block: int
    position: int
    seed: int


def plan_blocks(
    per_cell: Mapping[int, int], *, forms: Sequence[int], seed: int, first_block: int = 1
) -> list[PlannedPlace]:
    """Every place of a study from the target of each arm's cells (`per_cell`, by arm).

    The k-th block holds one place of each cell whose target is k or more: full cells drop out of later blocks.
    """
    planned = []
    for number in range(max(per_cell.values(), default=0)):
        cells = [(arm, form) for arm, target in per_cell.items() if target > number for form in forms]
        block = first_block + number
        block_seed = derive_seed(seed, "block", block)
        random.Random(block_seed).shuffle(cells)
        planned += [
            PlannedPlace(arm_id=arm, form_id=form, block=block, position=position, seed=block_seed)
            for position, (arm, form) in enumerate(cells, start=1)
        ]
    return planned
