"""The line from end to end with real parts: trained models, Redis, a worker killed half-way, bots, the report."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from studyapp.actions.articles import import_articles
from studyapp.actions.generation import claim_jobs, queue_jobs
from studyapp.actions.study import load_study
from studyapp.domain.article_file import read_article_file
from studyapp.models import Candidate, Export, GenerationJob, Participant, Response, Stimulus
from studyapp.tasks.generation import generate_article
from studyapp.tasks.upkeep import sweep_jobs
from studyapp.workers.writing import write_orders
from tests.services import Worker, run_redis, wait_until
from tests.studyapp.study_rows import NOW, make_design

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
LADDER = """
[ladder]
vocab = 512
context = 512
seed = 1
[[model]]
name = "control"
size = "demo-control"
tokens = 20000
[[model]]
name = "small"
size = "demo-control"
tokens = 20000
[[model]]
name = "large"
size = "0.3m"
tokens = 20000
"""
ITEMS, CANDIDATES, PER_CELL = 4, 2, 3


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A ladder trained for seconds, by its own command, where the worker will look for it."""
    ladder = tmp_path_factory.mktemp("ladder") / "ladder.toml"
    ladder.write_text(LADDER)
    command = [sys.executable, "-m", "generator.ladder", str(ladder), "--corpus", str(EXAMPLES / "corpus-1.jsonl")]
    subprocess.run([*command, "--out", str(settings.MODELS_DIR)], check=True, timeout=300)


@pytest.fixture
def study(transactional_db):
    file = read_article_file((EXAMPLES / "articles.jsonl").read_bytes(), name="articles.jsonl")
    refs = list(import_articles(file).refs)[: ITEMS + 1]
    # models trained for a second write what no rule of fitness would pass, on one machine or another
    fitness = {"disqualifying": ["empty"]}
    return load_study(make_design(refs, articles={"candidates": CANDIDATES}, fitness=fitness))[0]


def finished(study):
    states = Counter(GenerationJob.objects.of_study(study.pk).values_list("state", flat=True))
    assert not states["failed"], GenerationJob.objects.filter(state="failed").values_list("error", flat=True)
    return set(states) == {"done"}


def check_generation(study, *, log):
    """A worker is killed in mid-article and another takes the job up: every article is there once."""
    jobs = GenerationJob.objects.of_study(study.pk)
    job_ids = queue_jobs(study)
    for job_id in job_ids:
        generate_article.delay(job_id)
    first = Worker(log=log)
    wait_until(lambda: jobs.filter(state="running").exists(), seconds=90, what="a job is taken up")
    first.kill()
    interrupted = set(jobs.filter(state="running").values_list("id", flat=True))
    second = Worker(log=log)
    try:
        with override_settings(HEARTBEAT_TIMEOUT_SECONDS=0):  # the dead worker's silence is long enough at once
            sweep_jobs()
        generate_article.delay(job_ids[0])  # and one message comes twice
        wait_until(lambda: finished(study), seconds=240, what="every article is written")
    finally:
        second.stop()
    assert jobs.count() == ITEMS * 3
    assert Candidate.objects.count() == ITEMS * 3 * CANDIDATES
    return interrupted


@pytest.mark.xdist_group("whole-study")
def test_from_articles_to_the_report(models, study, live_server, tmp_path):
    with run_redis(), (tmp_path / "worker.log").open("wb") as log:
        interrupted = check_generation(study, log=log)
        for step in ("select_stimuli", "make_forms"):
            call_command(step, study.slug)
        call_command("launch_study", study.slug, acknowledge=["all"])
        shown = dict(Stimulus.objects.values_list("code", "text"))
        call_command("simulate_participants", study.slug, per_cell=PER_CELL, url=live_server.url, awkward_share=0.5)
        call_command("simulate_participants", study.slug, per_cell=PER_CELL, url=live_server.url)  # doubles nothing
    check_participants()
    call_command("export_study", study.slug, out=tmp_path)
    report = tmp_path / "report"
    script = Path(__file__).resolve().parent.parent / "analysis" / "report.py"
    bundle = tmp_path / Export.objects.get().file_name
    subprocess.run([sys.executable, str(script), str(bundle), "--out", str(report)], check=True, timeout=300)
    check_report(report)
    assert dict(Stimulus.objects.values_list("code", "text")) == shown
    for job_id in [*interrupted, GenerationJob.objects.filter(arm__name="large").last().pk]:
        stored = dict(Candidate.objects.filter(job_id=job_id).values_list("seed", "text"))
        assert rewritten_texts(job_id) == stored


def rewritten_texts(job_id):
    """The texts of a job made anew in this process, from nothing but what is stored."""
    seeds = tuple(Candidate.objects.filter(job_id=job_id).order_by("index").values_list("seed", flat=True))
    GenerationJob.objects.filter(pk=job_id).update(state="queued")
    (order,) = claim_jobs(job_id, now=NOW)
    texts = {}

    def keep(order, written):
        texts.update({candidate.seed: candidate.text for candidate in written})

    write_orders([replace(order, seeds=seeds)], on_written=keep, on_refused=keep, on_progress=lambda done, total: None)
    return texts


def check_participants():
    statuses = Counter(Participant.objects.values_list("status", flat=True))
    assert statuses == {"completed": PER_CELL * 6}
    assert Participant.objects.filter(simulated=False).count() == 0
    assert Response.objects.count() == PER_CELL * 6 * ITEMS


def check_report(report):
    """The report's numbers are those of the rows, worked out here in another way."""
    results = json.loads((report / "results.json").read_text())
    assert results["manifest"]["simulated"] is True
    assert results["manifest"]["stand_in_articles"] is True
    arms = {arm["arm"]: arm for arm in results["arms"]}
    assert set(arms) == {"control", "small", "large"}
    for name, arm in arms.items():
        accuracies = []
        for participant in Participant.objects.filter(assignment__arm__name=name):
            right = wrong = 0
            for response in Response.objects.filter(trial__participant=participant).select_related("trial__stimulus"):
                said_machine = {1: False, 2: False, 3: None, 4: True, 5: True}[response.judgment]
                if said_machine is not None:
                    is_right = said_machine == (response.trial.stimulus.arm_id is not None)
                    right, wrong = right + is_right, wrong + (not is_right)
            if right + wrong:
                accuracies.append(right / (right + wrong))
        assert arm["participants"] == PER_CELL * 2
        assert arm["accuracy"] == pytest.approx(sum(accuracies) / len(accuracies))
    assert "imulated" in (report / "report.html").read_text()
