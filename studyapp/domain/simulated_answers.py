"""What simulated participants say to a study's own questions: anything that is offered, drawn evenly.

Nothing is planted in it: whoever finds that an answer goes with accuracy in a rehearsal has found chance.
"""

import random
from collections.abc import Sequence

_WORDS = ("I read the news now and then.", "It was hard to tell.", "Nothing to add.", "Some were shorter than others.")


def draw_choice(offered: Sequence[str], *, rng: random.Random) -> str:
    """One of the answers, "prefer not to say" among them."""
    return rng.choice(offered)


def draw_several(offered: Sequence[str], *, rng: random.Random, alone: Sequence[str] = ()) -> list[str]:
    """One to three of the answers; of several, none that goes with no other."""
    drawn = rng.sample(list(offered), k=min(len(offered), rng.randint(1, 3)))
    return [answer for answer in drawn if answer not in alone] or drawn[:1]


def draw_number(least: int, most: int, *, rng: random.Random) -> int:
    """A whole number in a range; of a range without an end, one of its first hundred."""
    return rng.randint(least, min(most, least + 99))


def draw_words(*, rng: random.Random) -> str:
    """A few words."""
    return rng.choice(_WORDS)
