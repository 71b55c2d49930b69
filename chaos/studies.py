"""The studies of a run: models trained for seconds, drafts that workers write, and rows as the verdict reads them."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.load_byline import ROOT
from chaos.verdict import StoredAnswer, StoredCell, StoredStudy, TextKey

ITEMS, CANDIDATES = 10, 2
PER_CELL = 16
SEED = 7  # of every study, so that each has the texts of the first, which nothing disturbs
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
name = "large"
size = "0.3m"
tokens = 20000
"""
ARMS = ("control", "large")
PLACES = len(ARMS) * 2 * PER_CELL


def train_models(folder: Path, *, log: Path) -> None:
    """Two small models, by the command that any ladder is trained with."""
    folder.mkdir(parents=True)
    ladder = folder / "ladder.toml"
    ladder.write_text(LADDER)
    corpus = ROOT / "examples" / "corpus-1.jsonl"
    command = [sys.executable, "-m", "generator.ladder", str(ladder), "--corpus", str(corpus), "--out", str(folder)]
    with log.open("wb") as output:
        subprocess.run(command, cwd=ROOT, check=True, stdout=output, stderr=output)


def make_draft(slug: str) -> Any:
    """A draft whose jobs are queued and sent."""
    from studyapp.actions.articles import import_articles
    from studyapp.actions.generation import queue_jobs
    from studyapp.actions.study import load_study
    from studyapp.domain.article_file import read_article_file
    from studyapp.domain.study_design import parse_design

    file = read_article_file((ROOT / "examples" / "articles.jsonl").read_bytes(), name="articles.jsonl")
    refs = list(import_articles(file).refs)[: ITEMS + 1]
    study, _ = load_study(
        parse_design(
            {
                "study": {"slug": slug, "title": "Who wrote this?", "seed": SEED},
                "texts": {"consent": "Consent.", "instructions": "Read.", "question": "Who?", "debriefing": "Thanks."},
                "targets": {"participants_per_cell": PER_CELL},
                "articles": {"context": refs[:1], "items": refs[1:], "candidates": CANDIDATES},
                "arms": [
                    {
                        "name": name,
                        "control": name == "control",
                        "n_params": 10**position,
                        "generator": f"checkpoint:{name}",
                    }
                    for position, name in enumerate(ARMS, start=4)
                ],
                "fitness": {"disqualifying": ["empty"]},  # what models of a second write passes no other rule
            }
        )
    )
    send(queue_jobs(study))
    return study


def send(job_ids: list[int]) -> None:
    """Hand jobs to the workers; where the queue is away, the sweep sends them, as it does for staff."""
    from studyapp.tasks.generation import send_jobs
    from studyapp.tasks.sending import QueueUnreachableError

    try:
        send_jobs(job_ids)
    except QueueUnreachableError:
        return


def launch(study: Any) -> Any:
    from django.utils import timezone

    from studyapp.actions.launch import launch_study, review_readiness
    from studyapp.actions.quiz_forms import make_quiz_forms
    from studyapp.actions.selection import select_stimuli

    select_stimuli(study)
    make_quiz_forms(study)
    warnings = [finding.key for finding in review_readiness(study)]
    return launch_study(study, now=timezone.now(), acknowledged=warnings)


def count_states(study: Any) -> dict[str, int]:
    """Jobs by state."""
    from collections import Counter

    from studyapp.models import GenerationJob

    return dict(Counter(GenerationJob.objects.of_study(study.pk).values_list("state", flat=True)))


def list_errors(study: Any) -> list[str]:
    """What failed jobs say."""
    from studyapp.models import GenerationJob

    return [f"{row['arm__name']}: {row['error']}" for row in GenerationJob.objects.of_study(study.pk).count_errors()]


def read_texts(study: Any) -> list[tuple[TextKey, str]]:
    """Every candidate of a study with the hash of its text."""
    from studyapp.models import Candidate

    rows = Candidate.objects.filter(job__arm__study=study).values_list(
        "job__arm__name", "job__item__article__ref", "index", "text"
    )
    return [((arm, ref, index), hashlib.sha256(text.encode()).hexdigest()) for arm, ref, index, text in rows]


def read_study(study: Any) -> StoredStudy:
    """What the database says of a launched study's people and answers, all of one moment."""
    from studyapp.actions.snapshot import read_snapshot

    with read_snapshot():
        return _read_rows(study)


def _read_rows(study: Any) -> StoredStudy:
    from studyapp.actions.places import count_cells
    from studyapp.models import Participant, PlatformIdentity, Response

    names = dict(PlatformIdentity.objects.filter(participant__study=study).values_list("participant_id", "external_id"))
    people = list(Participant.objects.filter(study=study).values_list("pk", "status"))
    answers = Response.objects.filter(trial__participant__study=study).values_list(
        "trial__participant_id", "trial__code", "trial__position", "judgment"
    )
    return StoredStudy(
        answers=[StoredAnswer(names[person], *rest) for person, *rest in answers],
        cells=[
            StoredCell(f"arm {cell.arm_id}, form {cell.form_id}", cell.target, cell.occupied)
            for cell in count_cells(study)
        ],
        people=[names[person] for person, _ in people],
        completed=frozenset(names[person] for person, status in people if status == Participant.Status.COMPLETED),
    )
