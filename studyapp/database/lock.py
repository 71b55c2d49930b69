"""One process at a time prepares the database, however many containers start at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

_KEY = 0x42796C696E65  # "Byline", among the advisory locks of a database


@contextmanager
def hold_database_lock() -> Iterator[None]:
    """Wait until nobody else prepares this database, and hold it for the block.

    PostgreSQL lets the lock go when the session ends, however it ends; so it must be a session of its own, and no
    pooler that hands sessions on by the transaction. With SQLite it is a lock on a file beside it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_KEY])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_KEY])
        return
    with (settings.HOME / "prepare.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
