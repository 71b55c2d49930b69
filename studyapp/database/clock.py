"""One clock for all workers and hosts: the database's."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def read_clock() -> datetime:
    """The time by which jobs are claimed, kept alive and given up.

    With each host's own, a worker whose clock is behind would lose its jobs to the sweep of another, and a dead one
    whose clock was ahead would keep them. SQLite is a file of this very machine.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
