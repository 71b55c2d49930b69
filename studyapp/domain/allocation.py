"""Which cell (arm x form) the next participant joins."""

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """An arm x form: how many participants it shall have, and how many completed or are at work in it."""

    arm_id: int
    form_id: int
    target: int
    occupied: int

    @property
    def is_open(self) -> bool:
        return self.occupied < self.target


def choose_cell(cells: Sequence[Cell], *, rng: random.Random) -> Cell | None:
    """One of the emptiest cells that are open, at random among equals; None when every cell is full.

    Taking the emptiest keeps the cells within one of each other as long as nobody drops out, and the random draw
    among them runs all arms at the same time, so that an arm is never a day of the week.
    """
    open_cells = [cell for cell in cells if cell.is_open]
    if not open_cells:
        return None
    fewest = min(cell.occupied for cell in open_cells)
    return rng.choice([cell for cell in open_cells if cell.occupied == fewest])
