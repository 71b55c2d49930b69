"""A worker's way through a database that is away: nothing is wrong with the work, so it waits and tries again."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)
DATABASE_AWAY = (OperationalError, InterfaceError)  # gone, starting, out of connections, or its disk is full
OURS_TO_MEND = ("no such table", "no such column")  # SQLite's name for a fault that no waiting mends
PATIENCE_SECONDS = 300.0
PAUSE_SECONDS = 1.0
Result = TypeVar("Result")


def is_away(error: BaseException | None) -> bool:
    """Whether an error says that the database cannot be asked for a while."""
    return isinstance(error, DATABASE_AWAY) and not str(error).startswith(OURS_TO_MEND)


def outlast(act: Callable[[], Result], *, patience: float = PATIENCE_SECONDS) -> Result:
    """What `act` gives, once the database lets it; it is one transaction, and safe to do twice.

    Raises:
        OperationalError, InterfaceError: the database was away for longer than the patience, in seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return act()
        except DATABASE_AWAY as error:
            if time.monotonic() > deadline:
                raise
            logger.warning("the database is away, trying again: %s", str(error).partition("\n")[0])
            drop_connection()
            time.sleep(PAUSE_SECONDS)


def drop_connection() -> None:
    """Forget a connection that may be broken; the next query opens a new one."""
    if not connection.in_atomic_block:
        connection.close()
