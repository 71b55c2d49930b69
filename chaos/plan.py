"""Which faults are injected, in which order: everything from a seed, and every kind at least once."""

import random
from collections.abc import Collection
from enum import StrEnum


class Fault(StrEnum):
    WORKER = "worker killed in mid-article"
    WORKER_CHILD = "one process of a worker killed in mid-article"
    REDIS_KEPT = "Redis killed, its data kept"
    REDIS_LOST = "Redis killed, its data lost"
    POSTGRES = "PostgreSQL killed, postmaster and all"
    POSTGRES_BACKEND = "one backend of PostgreSQL killed"
    ANSWER_CUT = "web process killed between answer and redirect"
    WEB = "web killed, all its processes"
    BEAT = "beat and the light worker killed"
    STACK = "everything killed at once"
    TWICE = "tasks delivered twice"
    DISK = "disk of the volume full"
    CLOCK = "clock of a service put wrong"


WEIGHTS = {
    Fault.WORKER: 5,
    Fault.WORKER_CHILD: 3,
    Fault.REDIS_KEPT: 3,
    Fault.REDIS_LOST: 4,
    Fault.POSTGRES: 5,
    Fault.POSTGRES_BACKEND: 3,
    Fault.ANSWER_CUT: 7,
    Fault.WEB: 3,
    Fault.BEAT: 2,
    Fault.STACK: 2,
    Fault.TWICE: 4,
    Fault.DISK: 2,
    Fault.CLOCK: 2,
}


def plan_faults(n: int, *, seed: int, without: Collection[Fault] = ()) -> list[Fault]:
    """`n` faults by their weights, shuffled; where there is room, every kind comes at least once."""
    rng = random.Random(seed)
    kinds = [kind for kind in WEIGHTS if kind not in without]
    weights = [WEIGHTS[kind] for kind in kinds]
    once = rng.sample(kinds, k=min(n, len(kinds)))
    chosen = [*once, *rng.choices(kinds, weights=weights, k=n - len(once))]
    rng.shuffle(chosen)
    return chosen
