"""What a ladder's jobs are allowed to do next, when one is given up, and what their curves keep."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

MAX_ATTEMPTS = 5  # a job that kills its worker each time must not do so for ever
LASTING = timedelta(minutes=10)  # an attempt that lived longer has moved the run on, and does not count
CURVE_POINTS = 240  # of each model's train loss that the page draws


def find_next(states: Sequence[str]) -> int | None:
    """The place, in the ladder's order, of the one job that may be taken up; None while one is running.

    The models of a ladder share its packed corpus and a machine. One that failed does not hold up those after it.
    """
    if "running" in states or "queued" not in states:
        return None
    return states.index("queued")


def count_attempts(attempts: int, *, lasted: timedelta) -> int:
    """Attempts in a row that took their worker with them, after one that ended so and had `lasted` so long."""
    return 0 if lasted >= LASTING else attempts


def is_given_up(attempts: int) -> bool:
    return attempts >= MAX_ATTEMPTS


@dataclass
class LossCurve:
    """Loss against tokens seen, small enough for a row: each train loss is the mean of the steps since the last.

    Points are (tokens, loss in nats a token).
    """

    train: list[tuple[int, float]] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    _sum: float = 0.0
    _count: int = 0

    @classmethod
    def from_row(cls, row: dict[str, Any], *, before: int) -> "LossCurve":
        """The curve that a row keeps, up to `before` tokens: a run taken up goes on from its last saved state."""

        def keep(name: str) -> list[tuple[int, float]]:
            return [(tokens, loss) for tokens, loss in row.get(name, []) if tokens < before]

        return cls(train=keep("train"), held_out=keep("held_out"))

    def add(
        self, *, step: int, n_steps: int, tokens: int, train_loss: float, held_out: tuple[int, float] | None
    ) -> None:
        """Take in one step. `held_out` is the latest measure, (tokens, loss); the same again is no new point."""
        self._sum, self._count = self._sum + train_loss, self._count + 1
        if step % max(1, n_steps // CURVE_POINTS) == 0 or step == n_steps:
            self.train.append((tokens, round(self._sum / self._count, 4)))
            self._sum, self._count = 0.0, 0
        if held_out is not None and (not self.held_out or self.held_out[-1][0] < held_out[0]):
            self.held_out.append((held_out[0], round(held_out[1], 4)))

    def to_row(self) -> dict[str, Any]:
        return {"train": list(self.train), "held_out": list(self.held_out)}


@dataclass(frozen=True)
class Work:
    """One model of a ladder as its page needs it to tell the time; what is not known is None.

    `speed` in tokens a second. A fine-tuning that is told in epochs knows its tokens once the corpus is read.
    """

    state: str
    n_params: int
    tokens_left: int | None
    speed: float | None


def estimate_seconds(works: Sequence[Work]) -> list[float | None]:
    """Seconds that each model still takes: 0 when it is done, None when nothing tells.

    A model that has not begun is reckoned from the largest one whose speed is known, the time of a token going as
    the parameters.
    """
    known = [work for work in works if work.speed]
    largest = max(known, key=lambda work: work.n_params, default=None)
    seconds: list[float | None] = []
    for work in works:
        if work.state == "done":
            seconds.append(0.0)
        elif work.tokens_left is None:
            seconds.append(None)
        elif work.speed:
            seconds.append(work.tokens_left / work.speed)
        elif largest is not None and largest.speed:
            seconds.append(work.tokens_left * work.n_params / (largest.n_params * largest.speed))
        else:
            seconds.append(None)
    return seconds


def describe_seconds(seconds: float | None) -> str:
    """`42 s`, `3 min`, `2 h 10 min`, `5 days`; "–" where nothing is known."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{round(whole / 86400)} days"
