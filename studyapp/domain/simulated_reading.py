"""How long a simulated participant takes over a page, and what they do on it: for rehearsals only.

Nobody waits for it. With each request they say how many seconds they have spent so far, and the server's clock is as
much ahead for them (and for nobody real); so reading times, waits and the rules of speed are those of people, at once.
"""

import json
import random
from dataclasses import asdict, dataclass

CLOCK_HEADER = "X-Simulated-Seconds"
MOST_SECONDS = 30 * 24 * 3600.0  # that anybody can have spent
PAGE_SECONDS = 8.0  # on a page without a text
HURRIED_SECONDS = 1.5  # on any page, of who does not read
SLOWEST_WPM, MIDDLE_WPM, FASTEST_WPM = 120.0, 238.0, 400.0
WPM_SPREAD = 55.0
THINKING = (3.0, 15.0)  # seconds for the answer
LEAVES, CHANGES = 0.12, 0.08  # how often somebody looks elsewhere meanwhile, and how often they change their answer
DEVICES = (("narrow", "coarse", False), ("wide", "fine", True), ("wide", "fine", False), ("medium", "fine", False))


@dataclass(frozen=True)
class Manner:
    """How one person reads: words a minute, and the window and the input that their browser tells of."""

    words_a_minute: float
    viewport: str
    pointer: str
    keyboard: bool


@dataclass(frozen=True)
class Measured:
    """What a browser says of the time on a page, as behaviour.js sends it; the names are those of its fields."""

    page: float
    active: float
    losses: int
    changes: int
    pastes: int
    keyboard: bool
    viewport: str
    pointer: str

    def describe(self) -> str:
        return json.dumps(asdict(self))


def draw_manner(rng: random.Random) -> Manner:
    """One person's."""
    pace = min(FASTEST_WPM, max(SLOWEST_WPM, rng.gauss(MIDDLE_WPM, WPM_SPREAD)))
    viewport, pointer, keyboard = rng.choice(DEVICES)
    return Manner(pace, viewport, pointer, keyboard)


def draw_seconds(manner: Manner, *, words: int, rng: random.Random) -> float:
    """The seconds for reading that many words and answering."""
    return 60 * words / manner.words_a_minute + rng.uniform(*THINKING)


def measure_visit(manner: Manner, *, seconds: float, rng: random.Random) -> Measured:
    """What the browser says of so many seconds: now and then somebody was away for a part of them."""
    losses = int(rng.random() < LEAVES)
    away = losses * rng.uniform(0.05, 0.4)
    return Measured(
        page=round(seconds, 2),
        active=round(seconds * (1 - away), 2),
        losses=losses,
        changes=int(rng.random() < CHANGES),
        pastes=0,
        keyboard=manner.keyboard,
        viewport=manner.viewport,
        pointer=manner.pointer,
    )


def read_seconds(said: str) -> float:
    """The header of the seconds spent so far; whatever else it says is none."""
    try:
        seconds = float(said)
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds <= MOST_SECONDS else 0.0  # NaN is neither
