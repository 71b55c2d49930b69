"""The signs of life of a worker that writes articles."""

import logging
import threading
import time
from collections.abc import Sequence

from django.db import connection

from studyapp.actions.generation import GenerationOrder, record_heartbeats
from studyapp.database.clock import read_clock
from studyapp.database.outlasting import DATABASE_AWAY, drop_connection
from studyapp.workers.stopping import give_back_when_stopping

logger = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 5.0


class LostClaimError(Exception):
    """Another worker has the jobs by now; what this one wrote so far is dropped."""


class JobPulse:
    """A heartbeat of jobs that are written together.

    Until the first word a thread gives it, since opening a large model may take minutes; from then on the writing does,
    so that a worker that hangs is found out.
    """

    def __init__(self, orders: Sequence[GenerationOrder]) -> None:
        self._orders = orders
        self._last = time.monotonic()
        self._is_writing = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, daemon=True)

    def __enter__(self) -> "JobPulse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_writing.set()
        self._thread.join()

    def tell(self, done: int, total: int) -> None:
        """The writing has gone on.

        Raises:
            LostClaimError: the jobs are another worker's by now.
            WorkerStoppingError: this worker was told to end, and has written on for long enough.
        """
        self._is_writing.set()
        give_back_when_stopping()
        if time.monotonic() - self._last >= HEARTBEAT_SECONDS:
            self._last = time.monotonic()
            if not self._beat():
                raise LostClaimError

    def _beat_on(self) -> None:
        try:
            while not self._is_writing.wait(HEARTBEAT_SECONDS):
                self._beat()
        finally:
            connection.close()  # this thread's own

    def _beat(self) -> bool:
        """Whether the jobs are still this worker's, as far as anybody knows."""
        try:
            return record_heartbeats(self._orders, now=read_clock()) > 0
        except DATABASE_AWAY:  # the work goes on, and the next beat tries again
            logger.warning("no heartbeat of the jobs with %s: the database is away", self._orders[0].job_id)
            drop_connection()
            return True
