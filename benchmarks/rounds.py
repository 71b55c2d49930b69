"""Interleaved rounds of contenders, each in a process of its own, and what a run of the benchmarks is told."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.load_shape import Load

OURS = "Byline"
TIMEOUT = 1800  # seconds a contender


@dataclass(frozen=True)
class Bench:
    """What a run is told: the rounds, where files go, and where peers are that no registry has."""

    out: Path
    rounds: int
    threads: int
    quick: bool
    sizes: tuple[str, ...]
    only: tuple[str, ...]
    nanogpt: Path | None
    optimum: Path | None
    load: Load = field(default_factory=Load)
    programs: dict[str, str] = field(default_factory=dict)  # of peers of the load, by the variable that names them
    console: Console = field(default_factory=Console)

    def takes(self, size: str) -> bool:
        return self.quick or not self.sizes or size in self.sizes

    def choose(self, names: Iterable[str]) -> list[str]:
        """The contenders that are wanted; Byline always is."""
        return [name for name in names if not self.only or name in (OURS, *self.only)]


@dataclass(frozen=True)
class Contender:
    """A name, the module that runs it in a process of its own, and what that is told."""

    name: str
    module: str
    told: str


@dataclass(frozen=True)
class Row:
    """A contender's figures over the rounds: `results`, `speeds`, and `ratios` (to Byline's), one a round."""

    name: str
    speeds: tuple[float, ...]
    ratios: tuple[float, ...]
    peak_bytes: float
    flop_use: float | None = None
    results: tuple[dict[str, Any], ...] = ()


def run_contender(contender: Contender, *, bench: Bench) -> dict[str, Any] | None:
    """What it printed; None, with a word of why, where it could not run."""
    command = [sys.executable, "-m", contender.module, contender.name, contender.told]
    environment = {**os.environ, "OMP_NUM_THREADS": str(bench.threads), "TOKENIZERS_PARALLELISM": "false"}
    environment |= bench.programs
    environment |= {"NANOGPT": str(bench.nanogpt)} if bench.nanogpt else {}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        bench.console.print(f"  {contender.name}: not done after {TIMEOUT} s, left out", style="yellow")
        return None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        bench.console.print(f"  {contender.name}: left out: {reason}", style="yellow", markup=False)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_rounds(
    contenders: Sequence[Contender], *, bench: Bench, find_speed: Callable[[dict[str, Any]], float]
) -> list[Row]:
    """All contenders in turn, `bench.rounds` times; those that failed once are left out from there on.

    Ratios are Byline's speed over the contender's.
    """
    results: dict[str, list[dict[str, Any]]] = {contender.name: [] for contender in contenders}
    for number in range(bench.rounds):
        for contender in contenders:
            if contender.name not in results:
                continue
            result = run_contender(contender, bench=bench)
            if result is None:
                del results[contender.name]
                continue
            results[contender.name].append(result)
            bench.console.print(f"  round {number + 1}: {contender.name}: {find_speed(result):,.1f}", markup=False)
    ours = [find_speed(result) for result in results.get(OURS, [])]
    return [
        Row(
            name=name,
            speeds=(speeds := tuple(find_speed(result) for result in found)),
            ratios=tuple(own / speed for own, speed in zip(ours, speeds, strict=False)),
            peak_bytes=max(result["peak_bytes"] for result in found),
            flop_use=statistics.median(result["flop_use"] for result in found) if "flop_use" in found[0] else None,
            results=tuple(found),
        )
        for name, found in results.items()
        if found
    ]
