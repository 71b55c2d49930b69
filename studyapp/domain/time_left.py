"""How many minutes a participant still has before them, said honestly: by their own pace, as far as it is known."""

import math
from collections.abc import Sequence
from statistics import median

EXACT_UP_TO = 10  # minutes; more are said in steps of five, since nobody knows them better


def estimate_minutes_left(seconds: Sequence[float | None], *, promised: float) -> int:
    """Whole minutes for the trials that are still open; 0 stands for less than one.

    `seconds` is how long each trial took, None while it is open; `promised` the minutes that were promised for all.
    A trial to come takes the median of those done so far and of the promise's share for one: a break of an hour, or
    one text skipped through, counts as no more than one of them. It tells nothing of the texts to come, whose lengths
    would say something about who wrote them. Nor does rounding up alone make more of it than was promised.
    """
    if not seconds:
        return 0
    done = [value for value in seconds if value is not None]
    n_left = len(seconds) - len(done)
    pace = median([promised * 60 / len(seconds), *done])
    minutes = pace * n_left / 60
    rounded = _round_minutes(minutes)
    return min(rounded, math.ceil(promised)) if minutes <= promised else rounded


def _round_minutes(minutes: float) -> int:
    """Up, so that nobody is promised less than it takes."""
    if minutes < 1:
        return 0
    if minutes <= EXACT_UP_TO:
        return math.ceil(round(minutes, 6))
    return 5 * math.ceil(round(minutes / 5, 6))
