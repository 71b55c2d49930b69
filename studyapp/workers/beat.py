"""Celery's beat on a machine whose clock is set: what is due goes on being due.

Celery remembers by the wall clock when a task ran last and when the next is due. When the clock is set back by an hour,
nothing would be sent for that hour: no sweep, no dropouts.
"""

import logging
import time

from celery.beat import PersistentScheduler

logger = logging.getLogger(__name__)
JUMP_SECONDS = 2.0  # more than any clock drifts between two ticks


class SteadyScheduler(PersistentScheduler):
    """Counts anew from now when the wall clock and the monotonic one have parted."""

    max_interval = 30  # seconds between two looks at the clock
    _wall_ahead: float | None = None

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self._forget_the_future()  # what was kept by a clock that was ahead

    def tick(self, *arguments: object, **more: object) -> float:
        ahead = time.time() - time.monotonic()
        if self._wall_ahead is not None and abs(ahead - self._wall_ahead) > JUMP_SECONDS:
            logger.warning("the clock was set by %.0f seconds", ahead - self._wall_ahead)
            self._forget_the_future()
        self._wall_ahead = ahead
        return super().tick(*arguments, **more)

    def _forget_the_future(self) -> None:
        """No task has run later than now, and the order in which they are due is made anew."""
        for entry in self.schedule.values():
            entry.last_run_at = min(entry.last_run_at, entry.default_now())
        self._heap = None
