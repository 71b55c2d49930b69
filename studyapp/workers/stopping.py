"""A worker that is told to end (SIGTERM) finishes what it can within BYLINE_STOP_SECONDS, and gives the rest back.

The worker's main process is told; its children write the articles. They share one page of memory, in which the moment
lies after which a job is given back. It is mapped before the children are forked.
"""

import mmap
import struct
import time

from celery.signals import worker_shutting_down
from django.conf import settings

_DEADLINE = struct.Struct("d")
_page = mmap.mmap(-1, _DEADLINE.size)  # on the system's monotonic clock; 0: nobody has told us to end


class WorkerStoppingError(Exception):
    """The worker ends; what it was doing goes back to the queue."""


@worker_shutting_down.connect
def begin_to_stop(**_: object) -> None:
    if not _DEADLINE.unpack_from(_page)[0]:
        _DEADLINE.pack_into(_page, 0, time.monotonic() + settings.STOP_SECONDS)


def give_back_when_stopping(*, at_once: bool = False) -> None:
    """Called by work that can be given back, every second or so; `at_once`, where it loses next to nothing.

    Raises:
        WorkerStoppingError: the worker ends, and its time is up.
    """
    deadline = _DEADLINE.unpack_from(_page)[0]
    if deadline and (at_once or time.monotonic() >= deadline):
        raise WorkerStoppingError
