"""Exports of many trials take no more memory than exports of few, on both databases."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20


def measure(database, *, trials, timeout):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.export_streaming", "--load"),
            *("--database", database, "--trials", str(trials)),
        ],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "BYLINE_TEST_DATABASE")},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(measured, *, trials):
    assert measured["full"]["trials"] == measured["public"]["trials"] == measured["load"]["trials"] == trials
    # the rows in memory would be more than 500 bytes a trial; people (one in 25 trials) may stay there, trials may not
    assert measured["full"]["grew_bytes"] < 24 * MIB
    assert measured["public"]["grew_bytes"] < 24 * MIB + trials * 80
    assert measured["load"]["grew_bytes"] < 48 * MIB + trials * 80


def test_a_small_export_is_measured():
    check(measure("sqlite", trials=2000, timeout=500), trials=2000)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_200_000_trials_are_exported_and_loaded_in_constant_memory(database):
    check(measure(database, trials=200_000, timeout=2500), trials=200_000)
