"""Byline as a server runs it, for raters to come to: gunicorn by the Dockerfile's own command, and its database."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.export_streaming import make_launched, prepare_database
from benchmarks.load_client import name_step
from benchmarks.load_raters import LoadRater, Outcome, Site
from benchmarks.load_shape import Load
from benchmarks.server_process import find_port, run_server

ROOT = Path(__file__).resolve().parents[1]
ARMS, FORMS = 2, 2


def read_command(*, port: int) -> list[str]:
    """The Dockerfile's command, in this environment and on that port."""
    (line,) = (line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("CMD "))
    program, *arguments = json.loads(line.removeprefix("CMD "))
    told = [f"127.0.0.1:{port}" if argument.startswith("0.0.0.0:") else argument for argument in arguments]
    return [sys.executable, "-m", program, *told]


def prepare_study(home: Path, load: Load) -> Any:
    """An empty database of that kind with one launched study, and the site's static files."""
    prepare_database(load.database, home)
    from django.core.management import call_command

    call_command("collectstatic", verbosity=0, interactive=False)
    per_cell = -(-load.raters // (ARMS * FORMS))
    study = make_launched(arms=ARMS, targets={"participants_per_cell": per_cell})
    from django.db import connection

    connection.close()
    return study


@contextmanager
def serve_byline(home: Path, load: Load) -> Iterator[tuple[Site, list[int]]]:
    """The site of a study, and the processes that answer: gunicorn's master and PostgreSQL's."""
    study = prepare_study(home, load)
    port = find_port()
    with run_server(
        read_command(port=port), cwd=ROOT, env=dict(os.environ), health=f"http://127.0.0.1:{port}/healthz", log=home
    ) as pid:
        postmaster = home / "postgresql" / "postmaster.pid"
        pids = [pid, *([int(postmaster.read_text().splitlines()[0])] if postmaster.exists() else [])]
        yield find_site(study, f"http://127.0.0.1:{port}"), pids


def find_site(study: Any, url: str) -> Site:
    from studyapp.passes import sign_pass

    def find_entry(number: int) -> str:
        return f"{url}/s/{study.slug}/?simulated={sign_pass(study, platform='simulated', name=str(number))}"

    return Site(url=url, find_entry=find_entry, rater=LoadRater, name_page=name_step)


def check_rows(outcome: Outcome) -> list[str]:
    """What is wrong in the database after a run: nothing, where every answer is there once, as it was sent first."""
    from studyapp.actions.places import count_cells
    from studyapp.models import Participant, Response, Study, Trial

    study = Study.objects.get()
    faults = []
    stored = dict(Response.objects.values_list("trial__code", "judgment"))
    sent = {url.rstrip("/").rsplit("/", 1)[-1]: judgment for url, judgment in outcome.sent.items()}
    if lost := len(sent.keys() - stored.keys()):
        faults.append(f"{lost} answers lost")
    if foreign := len(stored.keys() - sent.keys()):
        faults.append(f"{foreign} answers that nobody sent")
    if changed := sum(stored[code] != judgment for code, judgment in sent.items() if code in stored):
        faults.append(f"{changed} answers are not the first that was sent")
    if Response.objects.count() != len(stored):
        faults.append("a trial has two answers")
    items = study.items_read
    trials = Counter(Trial.objects.values_list("participant_id", flat=True))
    if any(n != items for n in trials.values()):
        faults.append(f"a participant has not {items} trials")
    completed = Participant.objects.filter(status="completed")
    if completed.count() != outcome.finished:
        faults.append(f"{completed.count()} completed, {outcome.finished} came to the end")
    answers = Counter(Response.objects.values_list("trial__participant_id", flat=True))
    if any(answers[pk] != items for pk in completed.values_list("pk", flat=True)):
        faults.append("somebody has completed without all answers")
    if over := [cell for cell in count_cells(study) if cell.occupied > cell.target]:
        faults.append(f"{len(over)} cells over their target")
    if study.places.exclude(participant=None).count() != Participant.objects.count():
        faults.append("a participant without a place of their own")
    return faults
