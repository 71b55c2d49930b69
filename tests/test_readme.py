"""Every command that the README shows is run here, on small files, as somebody would type it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
LADDER = """
[ladder]
vocab = 512
context = 512
seed = 1
attention = "alternating"
""" + "".join(
    f'[[model]]\nname = "{name}"\nsize = "demo-control"\ntokens = 8000\n'
    for name in ("control", "tiny", "small", "large")
)


def find_commands():
    """The lines of the shell blocks, and the code spans that begin with make, python or docker."""
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    spans = re.findall(r"`((?:make|python|docker) [^`]+)`", README)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return sorted({line for line in [*lines, *spans] if line})


RUN_BY = {
    "make demo": "test_make_demo_runs_the_line_and_takes_up_where_it_stopped",
    "make demo ARTICLES=my-articles.jsonl CORPUS=my-corpus.jsonl": (
        "test_make_demo_runs_the_line_and_takes_up_where_it_stopped"
    ),
    "make serve": "test_make_serve_answers",
    "make help": "test_make_help_lists_every_command_of_the_readme",
    "make test": "this run",
    "make lint": "this run",
    "make format": "test_make_help_lists_every_command_of_the_readme",
    "python -m generator.ladder examples/ladder.toml --corpus my-corpus.jsonl --exclude my-articles.jsonl "
    "--out var/models/mine": "test_make_demo_runs_the_line_and_takes_up_where_it_stopped",
    "python manage.py help": "test_python_commands",
    "python manage.py load_study my-study.toml": "test_python_commands",
    "python analysis/report.py my-bundle.zip --out report": "test_python_commands",
    "docker compose up": "tried by hand: an engine is not to be had in a test",
}


def test_every_command_of_the_readme_is_run_by_a_test():
    assert find_commands() == sorted(RUN_BY)


def test_every_path_of_the_readme_is_there():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert not [link for link in links if not link.startswith("http") and not (ROOT / link).exists()]


def test_make_help_lists_every_command_of_the_readme():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for command in find_commands():
        if command.startswith("make "):
            assert f"make {command.split()[1]} " in listed


def find_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def start(command, *, home):
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {"BYLINE_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    environment.pop("DATABASE_URL", None)
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def read_until(process, text, *, seconds):
    """The lines that the process prints up to one that holds `text`."""
    lines, deadline = [], time.monotonic() + seconds
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
        assert time.monotonic() < deadline, "".join(lines)
    raise AssertionError("it ended early:\n" + "".join(lines))


def interrupt(process):
    """Ctrl-C, as a terminal sends it: to the whole foreground group."""
    os.killpg(process.pid, signal.SIGINT)
    process.stdout.read()
    process.wait(timeout=60)


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


@pytest.mark.xdist_group("demo")
def test_make_demo_runs_the_line_and_takes_up_where_it_stopped(home, tmp_path):
    articles = tmp_path / "my-articles.jsonl"
    lines = (ROOT / "examples/articles.jsonl").read_text().splitlines(keepends=True)
    articles.write_text("".join(lines[:7]))
    (tmp_path / "ladder.toml").write_text(LADDER)
    port = find_free_port()
    command = [
        "make", "demo", f"ARTICLES={articles}", f"CORPUS={ROOT / 'examples/corpus-1.jsonl'}",
        f"LADDER={tmp_path / 'ladder.toml'}", f"PORT={port}", "PER_CELL=2",
    ]  # fmt: skip
    first = start(command, home=home)
    printed = read_until(first, "Ctrl-C ends everything", seconds=300)
    assert len(re.findall(r"^ +\d+\.\d  \S", printed, flags=re.MULTILINE)) == 7, "each phase's seconds"
    rater, staff = re.findall(rf"http://localhost:{port}/s\S+", printed)[-2:]
    assert "stand-in" in fetch(rater) or "fictional" in fetch(rater)
    assert "/staff/login" in urllib.request.urlopen(staff, timeout=10).url
    report = Path(re.search(r"Report\s+(\S+report\.html)", printed).group(1))
    before = json.loads((report.parent / "results.json").read_text())
    interrupt(first)
    with pytest.raises(OSError, match="refused"):
        fetch(rater)
    second = start(command, home=home)
    printed = read_until(second, "Ctrl-C ends everything", seconds=120)
    interrupt(second)
    assert str(report) in printed
    assert json.loads((report.parent / "results.json").read_text()) == before
    assert sum(arm["participants"] for arm in before["arms"]) == 4 * 2 * 2


@pytest.mark.xdist_group("demo")
def test_make_serve_answers(home):
    port = find_free_port()
    server = start(["make", "serve", f"PORT={port}"], home=home)
    try:
        read_until(server, "ready.", seconds=90)  # the worker's word, the last to come
        assert fetch(f"http://127.0.0.1:{port}/healthz") == "ok"
    finally:
        interrupt(server)


def test_python_commands(home, tmp_path):
    def run(*command, **options):
        process = start([sys.executable, *command], home=home)
        printed = process.stdout.read()
        assert process.wait(timeout=120) == options.get("code", 0), printed
        return printed

    assert "load_study" in run("manage.py", "help")
    run("manage.py", "migrate", "--verbosity", "0")
    assert "example" in run("manage.py", "load_study", "examples/study.toml")
    printed = run("manage.py", "export_study", "example", "--out", str(tmp_path))
    bundle = re.search(r"\S+\.zip", printed).group()
    run("analysis/report.py", bundle, "--out", str(tmp_path / "report"))
    assert "<html" in (tmp_path / "report" / "report.html").read_text()
