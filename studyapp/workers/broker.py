"""The queue's Redis, asked directly: whether it answers, what waits in it, which workers have told of themselves."""

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    import redis  # a tenth of a second, which a process that asks nothing need not spend

QUEUES = ("generation", "light", "training")
PULSE_SECONDS = 10.0
SILENCE_SECONDS = 35  # a worker is taken for dead after three beats that did not come
ANSWER_SECONDS = 2.0
_WORKERS = "byline:worker:"


class BrokerError(Exception):
    """The broker does not answer, or not as it should."""


@dataclass(frozen=True)
class LiveWorker:
    """A worker that has told of itself within SILENCE_SECONDS, and the queues that it takes from."""

    name: str
    queues: tuple[str, ...]


@functools.cache
def open_broker() -> "redis.Redis":
    """A client of the broker, one a process."""
    import redis

    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(
        url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS, decode_responses=True
    )


@contextmanager
def ask_broker() -> Iterator["redis.Redis"]:
    """The client for a block.

    Raises:
        BrokerError: it did not answer.
    """
    import redis

    try:
        yield open_broker()
    except redis.RedisError as error:
        raise BrokerError(type(error).__name__) from error


def tell_of_worker(name: str, queues: list[str]) -> None:
    """A beat: the worker's name goes by itself when the next does not come. Raises BrokerError, as all below do."""
    with ask_broker() as broker:
        broker.set(_WORKERS + name, json.dumps(sorted(queues)), ex=SILENCE_SECONDS)


def forget_worker(name: str) -> None:
    """Said by a worker that ends in order, so that nobody counts on it."""
    with ask_broker() as broker:
        broker.delete(_WORKERS + name)


def list_workers() -> list[LiveWorker]:
    """The workers that live, by name."""
    with ask_broker() as broker:
        names = sorted(broker.scan_iter(match=f"{_WORKERS}*", count=1000))
        told = broker.mget(names) if names else []
    return [
        LiveWorker(name=name.removeprefix(_WORKERS), queues=tuple(json.loads(queues)))
        for name, queues in zip(names, told, strict=True)
        if queues is not None
    ]


def count_waiting() -> dict[str, int]:
    """Messages that wait in each queue, without those that a worker has taken."""
    with ask_broker() as broker:
        return {queue: int(broker.llen(queue)) for queue in QUEUES}
