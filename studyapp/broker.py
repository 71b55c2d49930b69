"""The queue's Redis, asked directly: whether it answers, what waits in it, which workers have told of themselves."""

import functools
import json
from dataclasses import dataclass

import redis
from django.conf import settings

QUEUES = ("generation", "light", "training")
PULSE_SECONDS = 10.0
SILENCE_SECONDS = 35  # a worker is taken for dead after three beats that did not come
ANSWER_SECONDS = 2.0
_WORKERS = "byline:worker:"


@dataclass(frozen=True)
class LiveWorker:
    """A worker that has told of itself within SILENCE_SECONDS, and the queues that it takes from."""

    name: str
    queues: tuple[str, ...]


@functools.cache
def open_broker() -> redis.Redis:
    """A client of the broker, one a process."""
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(
        url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS, decode_responses=True
    )


def tell_of_worker(name: str, queues: list[str]) -> None:
    """A beat: the worker's name goes by itself when the next does not come."""
    open_broker().set(_WORKERS + name, json.dumps(sorted(queues)), ex=SILENCE_SECONDS)


def forget_worker(name: str) -> None:
    """Said by a worker that ends in order, so that nobody counts on it."""
    open_broker().delete(_WORKERS + name)


def list_workers() -> list[LiveWorker]:
    """The workers that live, by name.

    Raises:
        redis.RedisError: the broker does not answer.
    """
    client = open_broker()
    names = sorted(client.scan_iter(match=f"{_WORKERS}*", count=1000))
    told = client.mget(names) if names else []
    return [
        LiveWorker(name=name.removeprefix(_WORKERS), queues=tuple(json.loads(queues)))
        for name, queues in zip(names, told, strict=True)
        if queues is not None
    ]


def count_waiting() -> dict[str, int]:
    """Messages that wait in each queue, without those that a worker has taken.

    Raises:
        redis.RedisError: the broker does not answer.
    """
    client = open_broker()
    return {queue: int(client.llen(queue)) for queue in QUEUES}
