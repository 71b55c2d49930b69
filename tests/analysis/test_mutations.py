"""A wrong coding of the outcome must turn tests red: each mutation is made in a copy, whose tests are then run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = {
    "human and machine exchanged": ("scoring.py", 'pl.col("source") == "model"', 'pl.col("source") == "human"'),
    "I don't know counted as wrong": ("scoring.py", 'pl.when(pl.col("judgment") != NEUTRAL)', "pl.when(pl.lit(True))"),
    "the excluded analysed": ("scoring.py", '& ~pl.col("excluded")', "& pl.lit(True)"),
    "dropouts analysed": ("scoring.py", '(pl.col("status") == "completed")', "pl.lit(True)"),
    "model texts at minus a half": ("study.py", ".then(0.5).otherwise(-0.5)", ".then(-0.5).otherwise(0.5)"),
    "human texts an item of each arm": ("study.py", 'pl.when(pl.col("source") == "human")', "pl.when(pl.lit(False))"),
}


def run_tests(root):
    files = ["test_scoring.py", "test_detection_model.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:django"]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(
        [*command, *(f"tests/analysis/{name}" for name in files), "-o", "addopts=", "-o", "timeout=0"],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "analysis", tmp_path / "analysis", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        ROOT / "tests" / "analysis", tmp_path / "tests" / "analysis", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "tests" / "__init__.py").touch()
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


@pytest.mark.slow
def test_the_copy_is_green(copy):
    done = run_tests(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_coding_is_found(name, copy):
    file, right, wrong = MUTATIONS[name]
    path = copy / "analysis" / file
    text = path.read_text()
    assert text.count(right) >= 1, "the line is written otherwise now: mend this table"
    path.write_text(text.replace(right, wrong, 1))
    done = run_tests(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed" in done.stdout
