"""What each fault does. Every one of them leaves the stack on its way up again."""

import random
import time
from collections.abc import Callable

from chaos.crash import order_crash
from chaos.marks import list_writing
from chaos.plan import Fault
from chaos.processes import kill, list_descendants, wait_until
from chaos.stack import OURS, WRITERS, Stack

MID_ARTICLE_SECONDS = 20  # how long a job is waited for
LONGEST_DOWN = 2.0  # seconds that a database or queue is away
FULL_SECONDS = 4.0
WRONG_SECONDS = 6.0
HOUR = 3600


def inject(fault: Fault, stack: Stack, rng: random.Random) -> str:
    """Do it; what was hit, in a few words."""
    return _ACTS[fault](stack, rng)


def _kill_worker(stack: Stack, rng: random.Random) -> str:
    name, _, note = _find_writing(stack, rng)
    stack[name].kill()
    stack.start(name)
    return note


def _kill_worker_child(stack: Stack, rng: random.Random) -> str:
    """The process that writes; the worker itself lives on, and hears of it."""
    _, pid, note = _find_writing(stack, rng)
    kill(pid)
    return note


def _find_writing(stack: Stack, rng: random.Random) -> tuple[str, int, str]:
    """A worker that is at an article, its process that writes, and what to say of it."""
    deadline = time.monotonic() + MID_ARTICLE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(rng.uniform(0.1, 0.8))  # so that it is hit anywhere on its way
        families = {name: list_descendants(stack[name].pid) for name in WRITERS}
        writing = [(name, pid) for pid in list_writing(stack.orders) for name in WRITERS if pid in families[name]]
        if writing:
            name, pid = rng.choice(writing)
            return name, pid, name
    name = rng.choice(WRITERS)
    return name, rng.choice([*list_descendants(stack[name].pid), stack[name].pid]), f"{name}, which had nothing to do"


def _kill_redis(stack: Stack, rng: random.Random) -> str:
    stack["redis"].kill()
    time.sleep(rng.uniform(0, LONGEST_DOWN))
    stack.start("redis")
    return ""


def _lose_redis(stack: Stack, rng: random.Random) -> str:
    stack["redis"].kill()
    stack.lose_queue()
    time.sleep(rng.uniform(0, LONGEST_DOWN))
    stack.start("redis")
    return ""


def _kill_postgres(stack: Stack, rng: random.Random) -> str:
    stack["postgres"].kill()
    time.sleep(rng.uniform(0, LONGEST_DOWN))
    stack.start("postgres")
    return ""


def _kill_backend(stack: Stack, rng: random.Random) -> str:
    """One connection's process: PostgreSQL then ends all others and recovers."""
    from django.db import connection

    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        pids = [pid for (pid,) in cursor.fetchall()]
    kill(rng.choice(pids))
    return f"one of {len(pids)}"


def _cut_answer(stack: Stack, rng: random.Random) -> str:
    """The process that stores the next answer dies before it says so."""
    order = order_crash(stack.orders)
    try:
        wait_until(lambda: not order.exists(), seconds=30, what="an answer is stored")
    except TimeoutError:
        order.unlink(missing_ok=True)
        stack["web"].kill()
        stack.start("web")
        return "no answer came, so all of web"
    return ""


def _kill_web(stack: Stack, rng: random.Random) -> str:
    stack["web"].kill()
    stack.start("web")
    return ""


def _kill_beat(stack: Stack, rng: random.Random) -> str:
    names = rng.choice([("beat",), ("light",), ("beat", "light")])
    for name in names:
        stack[name].kill()
    stack.start(*names)
    return " and ".join(names)


def _kill_everything(stack: Stack, rng: random.Random) -> str:
    names = list(stack.services)
    rng.shuffle(names)
    for name in names:
        stack[name].kill()
    rng.shuffle(names)
    stack.start(*names)  # in any order, as after the power was away
    return ""


def _deliver_twice(stack: Stack, rng: random.Random) -> str:
    """Every message that waits, and jobs of any state, done and running ones too."""
    from django.db import connection

    from studyapp.models import GenerationJob
    from studyapp.tasks.generation import generate_article
    from studyapp.tasks.upkeep import mark_dropouts, sweep_jobs

    connection.close()
    queue = stack.open_redis()
    copies = [message for name in ("generation", "light") for message in queue.lrange(name, 0, -1)]
    for name in ("generation", "light"):
        if messages := queue.lrange(name, 0, -1):
            queue.lpush(name, *messages)
    job_ids = list(GenerationJob.objects.order_by("-id").values_list("id", flat=True)[:60])
    for job_id in rng.sample(job_ids, k=min(8, len(job_ids))):
        generate_article.delay(job_id)
        generate_article.delay(job_id)
    sweep_jobs.delay()
    mark_dropouts.delay()
    return f"{len(copies)} waiting messages and {min(8, len(job_ids))} jobs"


def _fill_disk(stack: Stack, rng: random.Random) -> str:
    """Database, queue and files lie on it: none can grow. What has fallen over by then is started again after."""
    stack.volume.fill()
    try:
        time.sleep(rng.uniform(FULL_SECONDS / 2, FULL_SECONDS))
    finally:
        stack.volume.free()
    return ""


def _skew_clock(stack: Stack, rng: random.Random) -> str:
    """Forward or back, of one service or all that are ours, then right again: a jump each time."""
    seconds = rng.choice([1, -1]) * rng.randint(60, 3 * HOUR)
    names = rng.choice([(rng.choice(OURS),), OURS])
    for name in names:
        stack.clocks.set_off(name, seconds)
    time.sleep(WRONG_SECONDS)
    for name in names:
        stack.clocks.set_off(name, 0)
    return f"{' and '.join(names)} by {seconds:+d} s"


_ACTS: dict[Fault, Callable[[Stack, random.Random], str]] = {
    Fault.WORKER: _kill_worker,
    Fault.WORKER_CHILD: _kill_worker_child,
    Fault.REDIS_KEPT: _kill_redis,
    Fault.REDIS_LOST: _lose_redis,
    Fault.POSTGRES: _kill_postgres,
    Fault.POSTGRES_BACKEND: _kill_backend,
    Fault.ANSWER_CUT: _cut_answer,
    Fault.WEB: _kill_web,
    Fault.BEAT: _kill_beat,
    Fault.STACK: _kill_everything,
    Fault.TWICE: _deliver_twice,
    Fault.DISK: _fill_disk,
    Fault.CLOCK: _skew_clock,
}
