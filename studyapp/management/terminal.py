"""Progress on a terminal: bars with counts, rate and time left; plain lines now and then where there is no terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeftColumn

SECONDS_BETWEEN_LINES = 10.0


class PlainProgress:
    """The part of rich's Progress that the commands use, as lines for a log."""

    def __init__(self) -> None:
        self._tasks: list[tuple[str, float, float]] = []
        self._last = 0.0

    def add_task(self, description: str, *, total: float) -> TaskID:
        self._tasks.append((description, total, 0.0))
        return TaskID(len(self._tasks) - 1)

    def update(self, task: TaskID, *, completed: float) -> None:
        description, total, before = self._tasks[task]
        self._tasks[task] = (description, total, completed)
        finished = completed >= total > before
        if finished or time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            print(f"{description}: {completed:g} of {total:g}", file=sys.stderr, flush=True)


@contextmanager
def open_progress() -> Iterator[Progress | PlainProgress]:
    """Bars on a terminal, lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield PlainProgress()
        return
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeLeftColumn(),
    )
    with Progress(*columns, console=console, expand=True) as progress:
        yield progress
