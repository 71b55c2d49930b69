"""What holds for the whole tree: directions of imports, what the web process loads, names."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("studyapp", "generator", "analysis", "measures")


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_imports_point_one_way():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint)], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_the_web_process_loads_neither_torch_nor_the_analysis():
    done = run_python(
        "import sys, studyapp.wsgi\n"
        "from django.urls import get_resolver\n"
        "assert get_resolver().url_patterns\n"  # loads every view
        "from django.test import Client\n"
        "print(Client().get('/staff/login/', HTTP_HOST='localhost').status_code)\n"
        "heavy = {'torch', 'transformers', 'tokenizers', 'matplotlib', 'numpy', 'scipy', 'polars', 'typst', "
        "'datasketch', 'fsspec', 'generator', 'analysis'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_package_of_the_study_is_empty():
    assert (ROOT / "studyapp/__init__.py").read_text() == ""


def test_no_module_of_the_analysis_takes_a_name_of_the_standard_library_or_of_a_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dependencies = {re.match(r"[A-Za-z0-9-]+", entry).group().replace("-", "_") for entry in project["dependencies"]}
    taken = sys.stdlib_module_names | dependencies
    modules = {path.stem for path in (ROOT / "analysis").glob("*.py")} - {"__init__"}
    assert modules
    assert not modules & taken


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_has_a_name_that_says_nothing(package):
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "services", "data", "process", "handle"}
    assert not [path for path in (ROOT / package).rglob("*.py") if path.stem in vague]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is(package):
    silent = []
    for path in (ROOT / package).rglob("*.py"):
        text = path.read_text()
        if text.strip() and "migrations" not in path.parts and not re.match(r'(#!.*\n)?r?"""', text):
            silent.append(str(path.relative_to(ROOT)))
    assert not silent
