"""One site under load: python -m benchmarks.load_contenders NAME '{"database": "sqlite", "at_once": 16, "seconds": 30}'

Starts the site in a folder of its own, sends raters, checks what was stored, and prints one JSON object.
"""

import json
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load_byline import check_rows, serve_byline
from benchmarks.load_peers import OTree
from benchmarks.load_potato import Potato
from benchmarks.load_raters import Outcome, Site, send_raters
from benchmarks.load_shape import Load
from benchmarks.server_process import Cost, measure_cost

Serve = Callable[[Path, Load], AbstractContextManager[tuple[Site, list[int]]]]


@dataclass(frozen=True)
class Kind:
    """How a site is started, and how its database is checked afterwards: what is wrong, in words."""

    serve: Serve
    check: Callable[[Outcome], list[str]]


def find_kind(name: str) -> Kind:
    if name == "oTree":
        otree = OTree()
        return Kind(otree.serve, otree.check)
    if name == "Potato":
        potato = Potato()
        return Kind(potato.serve, potato.check)
    return Kind(serve_byline, check_rows)


def describe_outcome(outcome: Outcome, *, before: Cost, after: Cost) -> dict[str, Any]:
    """The figures of the measured time; costs are of the whole run."""
    within = [seconds for when, seconds in outcome.answered if outcome.begun <= when <= outcome.ended]
    pages = defaultdict(list)
    requests = []
    for sight in outcome.log.sights:
        if outcome.begun <= sight.ended <= outcome.ended:
            pages[sight.kind].append(sight)
            requests += sight.requests
    return {
        "pages_per_second": len(within) / outcome.seconds if outcome.seconds > 0 else 0.0,
        "answer": find_quantiles(within),
        "request": find_quantiles(requests),
        "pages": {
            kind: {**find_quantiles([sight.seconds for sight in seen]), "most_bytes": max(s.n_bytes for s in seen)}
            for kind, seen in sorted(pages.items())
        },
        "answers": len(outcome.sent),
        "finished": outcome.finished,
        "left": outcome.left,
        "errors": outcome.log.errors[:5],
        "n_errors": len(outcome.log.errors),
        "client_cpu_seconds": outcome.client_cpu_seconds,
        "server_cpu_seconds": after.cpu_seconds - before.cpu_seconds,
        "peak_bytes": after.memory_bytes,
    }


def find_quantiles(seconds: list[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {"n": len(seconds), **dict.fromkeys(("p50", "p95", "p99"), sum(seconds))}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"n": len(seconds), "p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def measure_site(name: str, load: Load, *, home: Path) -> dict[str, Any]:
    kind = find_kind(name)
    with kind.serve(home, load) as (site, pids):
        before, database_before = measure_cost(pids), measure_cost(pids[1:])
        outcome = send_raters(site, load)
        after, database_after = measure_cost(pids), measure_cost(pids[1:])
    return {
        **describe_outcome(outcome, before=before, after=after),
        "database_cpu_seconds": database_after.cpu_seconds - database_before.cpu_seconds,
        "faults": kind.check(outcome),
    }


def main(arguments: list[str] | None = None) -> None:
    name, told = arguments or sys.argv[1:]
    home = Path(tempfile.mkdtemp(prefix="byline-load-"))
    try:
        print(json.dumps(measure_site(name, Load(**json.loads(told)), home=home)))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
