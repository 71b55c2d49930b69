"""The least time that a text must have been there before an answer to it is taken, where a study sets one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_WAIT = 600  # seconds: nobody is held longer, however long the text
MOST_SECONDS = 600
SLOWEST_WPM, FASTEST_WPM = 50, 5000  # words a minute that a bound may say


@dataclass(frozen=True)
class Pace:
    """A study's bound: seconds, or the words that nobody reads faster than; where both are set the longer holds."""

    min_seconds: int = 0
    max_wpm: int = 0  # 0: no such bound

    @property
    def is_set(self) -> bool:
        return bool(self.min_seconds or self.max_wpm)

    def find_least(self, words: int) -> float:
        """Seconds that a text of that many words must have been there."""
        by_words = 60 * words / self.max_wpm if self.max_wpm else 0.0
        return min(float(LONGEST_WAIT), max(float(self.min_seconds), by_words))


def find_seconds_left(*, least: float, shown_at: datetime | None, now: datetime) -> float:
    """How long an answer has still to wait; a text that was never shown has waited no time.

    Where the clock was set back since it was shown, nobody can say, and nobody is held.
    """
    if least <= 0 or (shown_at is not None and shown_at > now):
        return 0.0
    return max(0.0, ((shown_at or now) + timedelta(seconds=least) - now).total_seconds())


def measure_seconds(*, shown_at: datetime | None, answered_at: datetime | None) -> float | None:
    """From the first sight of a text to its answer; None where either is missing, or the clock was set back between."""
    if shown_at is None or answered_at is None or answered_at < shown_at:
        return None
    return (answered_at - shown_at).total_seconds()
