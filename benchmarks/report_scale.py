"""How long `report.py` takes, and how much memory, over bundles of many trials.

python -m benchmarks.report_scale [--participants 40000] [--titles 200] [--read 25] [--arms 9] [--seed 0] [-- OPTIONS…]

Simulates a bundle (participants, titles and texts with leanings of their own; times, and a few who never finish),
writes it as Byline does, runs `python analysis/report.py` on it in a process of its own, with the OPTIONS after `--`,
and prints the seconds of the whole command and its stages, its processor time, and its peak resident memory.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from analysis.schema import ARMS, ITEMS, PARTICIPANTS, TRIALS, Table

LEAN, SENSE, TITLE, TEXT = 0.4, 0.35, 0.2, 0.35  # standard deviations, in probits
DONT_KNOW = 0.06
REPORT = Path(__file__).resolve().parent.parent / "analysis" / "report.py"
SECTIONS = ("world", "politics", "science", "sport", "culture")


@dataclass(frozen=True)
class Size:
    """Participants of all arms, titles of the study, those that each participant reads, and arms."""

    participants: int
    titles: int
    read: int
    arms: int


def write_bundle(folder: Path, size: Size, *, seed: int) -> int:
    """Simulate a bundle into `folder`; the number of its trials."""
    rng = np.random.default_rng(seed)
    names = ["control", *(f"m{number}" for number in range(1, size.arms))]
    d_primes = np.linspace(1.6, 0.2, size.arms)
    arm = np.arange(size.participants) % size.arms
    completed = rng.random(size.participants) > 0.03
    sections = [SECTIONS[number % len(SECTIONS)] for number in range(size.titles)]
    _write(folder, ARMS, {
        "arm": names,
        "n_params": [None, *(10**8 * 2**number for number in range(size.arms - 1))],
        "is_control": [1] + [0] * (size.arms - 1),
    })  # fmt: skip
    _write(folder, ITEMS, {"item": [f"t{number}" for number in range(size.titles)], "section": sections})
    who = np.array([f"p{number}" for number in range(size.participants)])
    _write(folder, PARTICIPANTS, {
        "participant": who,
        "arm": np.array(names)[arm],
        "form": np.where(np.arange(size.participants) % 2, "A", "B"),
        "status": np.where(completed, "completed", "dropped_out"),
        "excluded": (rng.random(size.participants) < 0.02).astype(int),
        "simulated": np.ones(size.participants, dtype=int),
    })  # fmt: skip
    title = rng.random((size.participants, size.titles)).argsort(axis=1)[:, : size.read]
    is_model = rng.permuted(np.tile(np.arange(size.read) % 2 == 0, (size.participants, 1)), axis=1)
    x = np.where(is_model, 0.5, -0.5)
    texts = rng.normal(0, TEXT, (size.arms + 1, size.titles))  # the last row: human texts, the same for all arms
    z = (d_primes[arm] + rng.normal(0, SENSE, size.participants))[:, None] * x
    z += rng.normal(0, LEAN, (size.participants, 1)) + rng.normal(0, TITLE, size.titles)[title]
    z += texts[np.where(is_model, arm[:, None], size.arms), title] + rng.normal(size=title.shape)
    sure = np.array([1, 2, 4, 5])[np.digitize(z, (-0.8, 0.0, 0.8))]
    judgment = np.where(rng.random(z.shape) < DONT_KNOW, 3, sure)
    people = np.repeat(np.arange(size.participants), size.read)
    seconds = np.round(np.exp(rng.normal(3.6, 0.4, z.shape) + rng.normal(0, 0.3, (size.participants, 1))), 2)
    _write(folder, TRIALS, {
        "participant": who[people],
        "arm": np.array(names)[arm[people]],
        "form": np.where(people % 2, "A", "B"),
        "item": np.array([f"t{number}" for number in range(size.titles)])[title.ravel()],
        "source": np.where(is_model.ravel(), "model", "human"),
        "position": np.tile(np.arange(1, size.read + 1), size.participants),
        "judgment": judgment.ravel(),
        "seconds": seconds.ravel(),
        "active_seconds": np.round(0.9 * seconds.ravel(), 2),
        "focus_losses": rng.poisson(0.1, z.size),
    })  # fmt: skip
    return int(z.size)


def _write(folder: Path, table: Table, columns: dict[str, object]) -> None:
    """One file of the bundle, with every column of its table in its place."""
    filled = pl.DataFrame(columns)
    empty = [pl.lit(None, dtype=pl.String).alias(c.name) for c in table.columns if c.name not in columns]
    filled.with_columns(empty).select(column.name for column in table.columns).write_csv(folder / table.name)


@dataclass(frozen=True)
class Measured:
    """Seconds of the whole command and of processors, peak resident memory in MB, and (stage, seconds) as they ran."""

    seconds: float
    worked: float
    peak: float
    stages: list[tuple[str, float]]


def measure(bundle: Path, out: Path, options: list[str]) -> Measured:
    """Run the report of a bundle in a process of its own.

    Raises:
        subprocess.CalledProcessError: it failed; what it said stands on stderr.
    """
    command = [sys.executable, str(REPORT), str(bundle), "--out", str(out), *options]
    begun = time.perf_counter()
    starts: list[tuple[str, float]] = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            told = re.match(r"\[\d+/\d+\] (.*)", line)
            if told:
                starts.append((told[1].strip(), time.perf_counter()))
            else:
                print(line, end="", file=sys.stderr)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    ended = time.perf_counter()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    ends = [start for _, start in starts[1:]] + [ended]
    stages = [(name, end - start) for (name, start), end in zip(starts, ends, strict=True)]
    return Measured(ended - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, stages)


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    cut = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_scale", description=__doc__.splitlines()[0])
    parser.add_argument("--participants", type=int, default=40_000)
    parser.add_argument("--titles", type=int, default=200)
    parser.add_argument("--read", type=int, default=25, help="titles that each participant reads (25)")
    parser.add_argument("--arms", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(given[:cut])
    size = Size(options.participants, options.titles, options.read, options.arms)
    with tempfile.TemporaryDirectory() as folder:
        trials = write_bundle(Path(folder), size, seed=options.seed)
        measured = measure(Path(folder), Path(folder) / "report", given[cut + 1 :])
    print(f"{trials:,} trials of {size.participants:,} participants, {size.titles} titles, {size.arms} arms")
    for stage, seconds in measured.stages:
        print(f"{seconds:7.1f} s  {stage}")
    total = f"{measured.seconds:7.1f} s  in all"
    print(f"{total}, {measured.worked:.1f} s of processor time, {measured.peak:,.0f} MB at most")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
