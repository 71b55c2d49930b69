"""Real services for the tests that need them: a Redis from its wheel, and a Celery worker in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from django.conf import settings
from django.db import connection


def wait_until(condition, *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} seconds")


def redis_address() -> str:
    """Of the tests' own Redis, as `limits` writes it."""
    return f"redis+unix://{settings.REDIS_SOCKET}"


def answers_ping() -> bool:
    try:
        return redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET)).ping()
    except redis.ConnectionError:
        return False


@contextmanager
def run_redis() -> Iterator[None]:
    """The Redis of `studyapp.workers.local_redis`, on the socket of the tests' own folder."""
    server = subprocess.Popen(
        [sys.executable, "-m", "studyapp.workers.local_redis"], env=os.environ, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(answers_ping, seconds=30, what="Redis answers")
        yield
    finally:
        server.terminate()
        server.wait(timeout=20)


class Worker:
    """A Celery worker on the tests' own database. `kill` is SIGKILL to it and its children: nothing is tidied up."""

    def __init__(self, *, log) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--app", "studyapp", "worker"),
                *("--queues", "generation,light,training", "--concurrency", "1", "--loglevel", "INFO"),
            ],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **database_environment()},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=20)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()


def database_environment() -> dict[str, str]:
    """What makes another process use the database that the tests use now."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{database['NAME']}"}
    user, name = database["USER"], database["NAME"]
    folder = database["OPTIONS"]["host"]  # of the socket: pgserver listens on nothing else
    return {"DATABASE_URL": f"postgres://{user}:@/{name}?host={folder}", "BYLINE_TEST_DATABASE": ""}
