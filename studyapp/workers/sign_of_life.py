"""A sign of life beside work that gives none of its own."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from studyapp.database.outlasting import DATABASE_AWAY, drop_connection

logger = logging.getLogger(__name__)
EVERY_SECONDS = 20.0


@contextmanager
def keep_alive(beat: Callable[[], object]) -> Iterator[None]:
    """Call `beat` now and then, in a thread with a connection of its own, while the block runs."""
    has_ended = threading.Event()

    def beat_on() -> None:
        try:
            while not has_ended.wait(EVERY_SECONDS):
                try:
                    beat()
                except DATABASE_AWAY:  # the next beat tries again
                    logger.warning("no sign of life: the database is away")
                    drop_connection()
        finally:
            connection.close()

    thread = threading.Thread(target=beat_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()
