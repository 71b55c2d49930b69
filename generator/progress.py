"""Progress of long work: bars on a terminal, a plain line every few seconds elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 5.0


class Board(Protocol):
    """Shows how far several pieces of work are; a piece is named by its description."""

    def show(self, description: str, *, done: float, total: float, note: str = "") -> None:
        """Say how far a piece of work is; the first call begins it."""

    def say(self, line: str) -> None:
        """Print a line that stays."""


class BarBoard:
    """A bar for each piece of work, on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, description: str, *, done: float, total: float, note: str = "") -> None:
        if description not in self._tasks:
            self._tasks[description] = self._progress.add_task(description, total=total, note="")
        self._progress.update(self._tasks[description], completed=done, total=total, note=note)

    def say(self, line: str) -> None:
        self._progress.console.print(line, highlight=False, markup=False)


class LineBoard:
    """A line every few seconds for each piece of work, for logs and pipes."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._started: dict[str, tuple[float, float]] = {}  # when it began, and how much was done then
        self._printed: dict[str, float] = {}

    def show(self, description: str, *, done: float, total: float, note: str = "") -> None:
        now = self._clock()
        began, begun_at = self._started.setdefault(description, (now, done))
        is_over = done >= total
        if not is_over and now - self._printed.setdefault(description, now) < SECONDS_BETWEEN_LINES:
            return
        self._printed[description] = now
        parts = [f"{description}: {done / total:.0%}" if total else description, note]
        if done > begun_at and not is_over:
            parts.append(f"{format_seconds((now - began) / (done - begun_at) * (total - done))} left")
        self.say("  ".join(part for part in parts if part))

    def say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class SilentBoard:
    """Shows nothing, for runs that are followed in another way."""

    def show(self, description: str, *, done: float, total: float, note: str = "") -> None:
        pass

    def say(self, line: str) -> None:
        pass


@contextmanager
def open_board(stream: TextIO | None = None) -> Iterator[Board]:
    """The board that suits the stream (standard output unless said otherwise)."""
    target = stream or sys.stdout
    console = Console(file=target)
    if not console.is_terminal:
        yield LineBoard(target)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[note]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield BarBoard(progress)


def format_seconds(seconds: float) -> str:
    """`42 s`, `3 min 05 s` or `2 h 10 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
