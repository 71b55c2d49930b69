"""A worker tells of itself: to the broker, for /readyz and /metrics, and on a file, for its container's health check.

The beat is the consumer's own timer, so it stops when the worker no longer takes tasks, and not only when it is gone.
Beat, which takes none, touches the same file when it has sent a task.
"""

import logging
import tempfile
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.signals import after_task_publish, beat_init

from studyapp.workers.broker import PULSE_SECONDS, BrokerError, forget_worker, tell_of_worker

logger = logging.getLogger(__name__)
PULSE_FILE = Path(tempfile.gettempdir()) / "byline-pulse"


class WorkerPulse(bootsteps.StartStopStep):
    """Runs beside the consumer's tasks, from its start to its end."""

    requires = {"celery.worker.consumer.tasks:Tasks"}

    def __init__(self, parent: Any, **_: object) -> None:
        super().__init__(parent)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        self._beat(parent)
        self._timer = parent.timer.call_repeatedly(PULSE_SECONDS, self._beat, (parent,))

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            forget_worker(parent.hostname)
        except BrokerError:  # then its name goes by itself
            logger.info("the broker was not told that %s ends", parent.hostname)

    def _beat(self, parent: Any) -> None:
        try:
            tell_of_worker(parent.hostname, list(parent.app.amqp.queues.consume_from))
            PULSE_FILE.touch()
        except (BrokerError, OSError) as error:
            logger.warning("no pulse of %s: %s", parent.hostname, type(error).__name__)


@beat_init.connect
def follow_beat(**_: object) -> None:
    after_task_publish.connect(_touch, weak=False)


def _touch(**_: object) -> None:
    PULSE_FILE.touch()
