"""Everything that a server runs, on this machine: PostgreSQL, Redis, gunicorn, workers and beat, each to be killed."""

import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load_byline import ROOT, read_command
from benchmarks.server_process import find_port
from chaos.clock import Clocks
from chaos.crash import ORDER
from chaos.database import answers, make_database
from chaos.processes import Service, Supervisor, wait_until
from chaos.volume import Volume

START_SECONDS = 600  # a busy machine takes its time
HEARTBEAT_SECONDS = 60  # of silence, after which a job is taken up again
JOBS_AT_ONCE = 3
WRITERS = ("writer-1", "writer-2")
OURS = ("web", *WRITERS, "light", "beat")  # what runs Byline's own code


class Stack:
    """The services by name, where they keep what they keep, and whether each answers."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.volume = Volume(base / "volume")
        self.home = self.volume.folder / "home"
        self.orders, self.logs = base / "orders", base / "log"
        for folder in (self.home, self.orders, self.logs):
            folder.mkdir()
        self.clocks = Clocks(base / "clocks")
        self._database_folder = self.volume.folder / "db"
        database, address = make_database(self._database_folder, log=self.logs / "postgres.log")
        self.port = find_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "BYLINE_HOME": str(self.home),
            "BYLINE_MODELS": str(base / "models"),
            "BYLINE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_SECONDS),
            "BYLINE_JOBS_AT_ONCE": str(JOBS_AT_ONCE),
            "BYLINE_PORT": str(self.port),
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "chaos.settings",
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            ORDER: str(self.orders),
        }
        self.services = {"postgres": database, **{name: self._make(name) for name in ("redis", *OURS)}}
        self._supervisor = Supervisor([*self.services.values()])

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def start(self, *names: str) -> None:
        for name in names:
            self[name].start()

    def start_ours(self) -> None:
        """What needs database and queue, once these are there."""
        self.start(*OURS)
        self.wait_until_up()

    def watch(self) -> None:
        """From now on whatever ends is started again."""
        self._supervisor.start()

    def wait_for_database(self) -> None:
        wait_until(lambda: answers(self._database_folder), seconds=START_SECONDS, what="PostgreSQL answers")

    def wait_for_redis(self) -> None:
        wait_until(self._is_redis_there, seconds=START_SECONDS, what="Redis answers")

    def wait_for_web(self) -> None:
        wait_until(self._is_web_there, seconds=START_SECONDS, what="the site answers")

    def wait_until_up(self) -> None:
        self.wait_for_database()
        self.wait_for_redis()
        self.wait_for_web()

    def open_redis(self):
        import redis
        from django.conf import settings

        return redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET), socket_timeout=5)

    def lose_queue(self) -> None:
        """What Redis had kept is gone; it must be down."""
        for path in (self.home / "redis").glob("*"):
            if path.name != "lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def count_falls(self) -> dict[str, int]:
        return {name: service.fell for name, service in self.services.items() if service.fell}

    def close(self) -> None:
        self._supervisor.stop()
        for service in reversed(self.services.values()):
            service.stop()
        self.volume.close()

    def _make(self, name: str) -> Service:
        env = {**self.env, **self.clocks.put_right(name)} if name in OURS else self.env
        return Service(name=name, command=self._find_command(name), env=env, log=self.logs / f"{name}.log", cwd=ROOT)

    def _find_command(self, name: str) -> list[str]:
        celery = [sys.executable, "-m", "celery", "--app", "studyapp"]
        if name == "redis":
            return [sys.executable, "-m", "studyapp.workers.local_redis"]
        if name == "web":
            return read_command(port=self.port)
        if name == "beat":
            return [*celery, "beat", "--schedule", str(self.home / "celerybeat-schedule")]
        queue = "light" if name == "light" else "generation"
        more = ["--concurrency", "1", "--hostname", f"{name}@%h", "--loglevel", "INFO"]
        return [*celery, "worker", "--queues", queue, *more]

    def _is_redis_there(self) -> bool:
        import redis

        try:
            return self.open_redis().ping()
        except redis.RedisError:
            return False

    def _is_web_there(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def run_stack(base: Path) -> Iterator[Stack]:
    stack = Stack(base)
    try:
        yield stack
    finally:
        stack.close()
