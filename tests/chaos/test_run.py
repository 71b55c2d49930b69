"""The harness itself, on a real stack: minutes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_dozen_faults_lose_nothing():
    command = [sys.executable, "-m", "chaos", "--faults", "13", "--seed", "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1700)
    assert done.returncode == 0, done.stdout
    assert "Lost: 0. Doubled: 0. Otherwise wrong: 0." in done.stdout
    numbers = dict(re.findall(r"(Answers acknowledged|Answers found): +(\d+)", done.stdout))
    assert numbers["Answers acknowledged"] == numbers["Answers found"] != "0"
