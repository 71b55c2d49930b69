"""Measure Byline against its peers: python -m benchmarks.run [training] [sampling] [growth] [load] [--out DIR]

Every contender runs in a process of its own; rounds are interleaved (A B C, A B C), and the ratios are taken round by
round, so that a machine whose speed drifts does not favour anybody. Tables go to the terminal and, with all numbers, to
DIR/benchmarks.json. Peers that are not installed are named and left out; `make bench` installs them.

--nanogpt DIR is a clone of karpathy/nanoGPT, --optimum FILE the optimum-cli that converts for OpenVINO, --otree FILE
oTree's program, --potato FILE Potato's. Of the load: --at-once raters (16) for --seconds (30), or --arrivals of them a
second.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.floor import ROWS, find_floor, measure_machine
from benchmarks.load_shape import Load
from benchmarks.load_suite import SITES, bench_load
from benchmarks.rounds import OURS, Bench, Contender, run_contender, run_rounds
from benchmarks.sampling_engines import ENGINES
from benchmarks.sampling_job import Job, write_checkpoint
from benchmarks.tables import describe_table
from benchmarks.training_loops import LOOPS, TRAINER, Shape

NAMES = (*LOOPS, TRAINER, *ENGINES, *(name for name in SITES if name != OURS))
SUITES = ("training", "sampling", "growth", "load")
# sequences of 1024 tokens a step: as many as keep a step below ten seconds on two cores
TRAINING = (Shape("10m", sequences=4), Shape("30m", sequences=2), Shape("124m", sequences=1))
SAMPLING_SIZES = ("30m", "124m")
# engines that write titles one after another, or too slowly to wait for: measured on so many of the 25 titles
TITLES_MEASURED = {
    "transformers generate, a title at a time": 1,
    "transformers generate_batch": 2,
    "CTranslate2": 2,
    "llama.cpp": 5,
}
GROWTH = (
    ("prompt of the context, tokens", "context_tokens", (0, 256, 810, 1600)),
    ("candidates of a title", "candidates", (1, 5, 20)),
    ("titles", "titles", (1, 5, 25)),
    ("tokens of a candidate", "new_tokens", (64, 135, 270)),
)


def bench_training(bench: Bench) -> Iterator[dict[str, Any]]:
    """Tokens a second of a whole optimiser step, at equal shape, batch and precision."""
    shapes = (Shape("tiny", sequences=1, context=128, steps=1),) if bench.quick else TRAINING
    for shape in shapes:
        if not bench.takes(shape.size):
            continue
        told = replace(shape, threads=bench.threads).dump()
        names = [name for name in (*LOOPS, TRAINER) if bench.nanogpt or not name.startswith("nanoGPT")]
        contenders = [Contender(name, "benchmarks.training_loops", told) for name in bench.choose(names)]
        title = f"Training {shape.size}, {shape.sequences} x {shape.context} tokens a step, {shape.precision}"
        bench.console.print(title, style="bold")
        rows = run_rounds(contenders, bench=bench, find_speed=lambda result: result["tokens_per_second"])
        yield {"title": title, "unit": "tokens/s", "rows": [asdict(row) for row in rows]}


def bench_sampling(bench: Bench) -> Iterator[dict[str, Any]]:
    """Articles an hour of the real job, and the share of the machine's floor that is reached."""
    for size in ("tiny",) if bench.quick else SAMPLING_SIZES:
        if not bench.takes(size):
            continue
        job = _make_job(bench, size)
        contenders = []
        for name in bench.choose(ENGINES):
            own = replace(job, titles=min(job.titles, TITLES_MEASURED.get(name, job.titles)))
            contenders.append(Contender(name, "benchmarks.sampling_engines", own.dump()))
        title = f"Writing {job.titles} x {job.candidates} candidates, {size}, {job.precision}"
        bench.console.print(title, style="bold")
        rows = run_rounds(contenders, bench=bench, find_speed=_count_articles_an_hour)
        machine = measure_machine(threads=bench.threads, precision=job.precision)
        floor = find_floor(job, machine)
        best = job.titles * job.candidates / floor.seconds * 3600
        shares = {row.name: statistics.median(row.speeds) / best for row in rows}
        yield {
            "title": title,
            "unit": "candidates/h",
            "rows": [asdict(row) for row in rows],
            "machine": asdict(machine),
            "floor": {**asdict(floor), "seconds": floor.seconds, "rows": ROWS, "share_reached": shares},
        }


def bench_growth(bench: Bench) -> Iterator[dict[str, Any]]:
    """Byline's seconds and memory as one thing grows and the rest stays."""
    base = replace(_make_job(bench, "tiny" if bench.quick else "30m"), titles=5)
    for title, name, values in GROWTH:
        rows = []
        for value in values[:2] if bench.quick else values:
            job = replace(base, **{name: value})
            result = run_contender(Contender(OURS, "benchmarks.sampling_engines", job.dump()), bench=bench)
            if result:
                rows.append({"value": value, **result})
        yield {"title": f"Growth with: {title} ({base.size}, {base.titles} titles)", "growth": rows}


def _count_articles_an_hour(result: dict[str, Any]) -> float:
    return result["texts"] / result["seconds"] * 3600


def _make_job(bench: Bench, size: str) -> Job:
    job = Job(size=size, folder=str((bench.out / "models" / size).resolve()), threads=bench.threads)
    if bench.quick:
        job = replace(job, titles=2, candidates=2, context_tokens=40, title_tokens=8, new_tokens=6)
    write_checkpoint(job)
    converted = Path(job.folder) / "openvino"
    if bench.optimum and not converted.is_dir():
        export = [str(bench.optimum), "export", "openvino", "--model", job.folder]
        as_is = ["--task", "text-generation-with-past", "--weight-format", "fp32", str(converted)]
        subprocess.run([*export, *as_is], check=True, capture_output=True)
    return job


def parse_arguments(arguments: list[str] | None) -> tuple[tuple[str, ...], Bench]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure Byline against its peers.")
    parser.add_argument("suites", nargs="*", help=f"of {', '.join(SUITES)}; all unless given")
    parser.add_argument("--out", type=Path, default=Path("var/benchmarks"), help="folder (var/benchmarks)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved repeats (3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="all cores unless given")
    parser.add_argument("--size", action="append", default=[], help="only these sizes, as 30m")
    parser.add_argument("--only", action="append", default=[], help="only this contender (and Byline)")
    parser.add_argument("--quick", action="store_true", help="a tiny model and job: that it works, not how fast")
    parser.add_argument("--nanogpt", type=Path, help="folder of a clone of karpathy/nanoGPT")
    parser.add_argument("--optimum", type=Path, help="the optimum-cli that converts for OpenVINO")
    parser.add_argument("--otree", type=Path, help="oTree's program")
    parser.add_argument("--potato", type=Path, help="Potato's program")
    parser.add_argument("--at-once", type=int, default=Load.at_once, help="raters at once (16)")
    parser.add_argument("--seconds", type=float, default=Load.seconds, help="of load a round (30)")
    parser.add_argument("--arrivals", type=float, default=Load.arrivals, help="raters a second, in place of --at-once")
    parser.add_argument("--raters", type=int, default=Load.raters, help="the most that come (400)")
    options = parser.parse_args(arguments)
    if unknown := set(options.suites) - set(SUITES):
        parser.error(f"there is no suite {', '.join(sorted(unknown))}; choose from {', '.join(SUITES)}")
    if unknown := set(options.only) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    for name, needed in (("nanogpt", "model.py"), ("optimum", ""), ("otree", ""), ("potato", "")):
        path = getattr(options, name)
        if path and not (path / needed).exists():
            parser.error(f"--{name}: there is no {path / needed}")
    return tuple(options.suites) or SUITES, Bench(
        out=options.out,
        rounds=options.rounds,
        threads=options.threads,
        quick=options.quick,
        sizes=tuple(options.size),
        only=tuple(options.only),
        nanogpt=options.nanogpt,
        optimum=options.optimum,
        load=Load(at_once=options.at_once, seconds=options.seconds, arrivals=options.arrivals, raters=options.raters),
        programs={name: str(path) for name, path in (("OTREE", options.otree), ("POTATO", options.potato)) if path},
    )


def main(arguments: list[str] | None = None) -> int:
    suites, bench = parse_arguments(arguments)
    bench.out.mkdir(parents=True, exist_ok=True)
    run = {"training": bench_training, "sampling": bench_sampling, "growth": bench_growth, "load": bench_load}
    tables: list[dict[str, Any]] = []
    for suite in suites:
        for table in run[suite](bench):
            tables.append(table)
            bench.console.print(describe_table(table), markup=False, highlight=False, soft_wrap=True)
            # after each table: what is measured is kept when a later one is broken off
            (bench.out / "benchmarks.json").write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
