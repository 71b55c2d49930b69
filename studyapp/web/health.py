"""Whether this process answers (/healthz), and whether the installation can take a participant through (/readyz).

A process is restarted where /healthz fails, so it asks nobody; it is sent no visitors where /readyz fails.
"""

import logging
import threading
import time
from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from studyapp.workers.broker import BrokerError, list_workers

logger = logging.getLogger(__name__)
KEPT_SECONDS = 3.0  # an answer serves everybody who asks within
MIGRATED_SECONDS = 60.0  # so long, nothing is read from the disk again once all migrations were applied
NEEDED_QUEUES = ("light", "generation")


@dataclass(frozen=True)
class Part:
    """One thing that is needed, and what is wrong with it in words; empty where nothing is."""

    name: str
    fault: str = ""
    note: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.fault or self.note or 'ok'}"


def show_health(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def show_readiness(request: HttpRequest) -> HttpResponse:
    """200, or 503 with the parts that are missing in words; never with an address or what a server said."""
    parts = _kept.ask()
    return HttpResponse(
        "".join(f"{part}\n" for part in parts),
        status=503 if any(part.fault for part in parts) else 200,
        content_type="text/plain",
        headers={"Cache-Control": "no-store"},
    )


class _Kept:
    """The last answer of this process; one thread at a time makes a new one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: list[Part] = []
        self._until = self._migrated_until = 0.0

    def ask(self) -> list[Part]:
        with self._lock:
            if time.monotonic() >= self._until:
                database = self._check_database()
                self._parts = [*database, *check_queue()]
                self._until = time.monotonic() + KEPT_SECONDS
            return self._parts

    def forget(self) -> None:
        with self._lock:
            self._until = self._migrated_until = 0.0

    def _check_database(self) -> list[Part]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            if time.monotonic() >= self._migrated_until:
                if missing := count_missing_migrations():
                    return [Part("database"), Part("migrations", f"{missing} are not applied (manage.py prepare_site)")]
                self._migrated_until = time.monotonic() + MIGRATED_SECONDS
        except DatabaseError as error:
            logger.warning("not ready: the database: %s", type(error).__name__)
            return [Part("database", "does not answer"), Part("migrations", "unknown")]
        return [Part("database"), Part("migrations")]


_kept = _Kept()


def count_missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def check_queue() -> list[Part]:
    """The broker, and the workers that live. A queue that nobody takes from is told, and one worker is enough."""
    try:
        workers = list_workers()
    except BrokerError as error:
        logger.warning("not ready: the broker: %s", error)
        return [Part("broker", "does not answer"), Part("workers", "unknown")]
    if not workers:
        return [Part("broker"), Part("workers", "none is alive")]
    idle = [queue for queue in NEEDED_QUEUES if not any(queue in worker.queues for worker in workers)]
    told = f"{len(workers)} alive" + (f"; none takes from {' and '.join(idle)}" if idle else "")
    return [Part("broker"), Part("workers", note=told)]
