"""A ladder to train or to fine-tune, with the files made for it: made from what staff choose, and removed."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from studyapp.domain.corpus_file import NAME, SUFFIXES
from studyapp.domain.fine_tuning import FineTuning, TunableModel, name_tuned
from studyapp.domain.ladder_file import read_rungs
from studyapp.model_files.checkpoints import CARD, UNFINISHED
from studyapp.model_files.shelf import FolderTakenError, hold_folder
from studyapp.models import Article, Study, TrainingJob, TrainingLadder

EVERY_IMPORTED = "every imported article"


class LadderRefusedError(ValueError):
    """The ladder cannot be made or removed; the message says why and what to do."""


@dataclass(frozen=True)
class LadderRequest:
    """What staff chose. `studies` are kept out of the corpus.

    `text` is the ladder file with its budget put in; with `tuning` there is none, and the models of `bases` are
    fine-tuned.
    """

    slug: str
    corpus_files: tuple[str, ...]
    takes_imported: bool
    keeps_out_imported: bool
    studies: tuple[int, ...]
    text: str = ""
    tuning: FineTuning | None = None
    bases: tuple[TunableModel, ...] = field(default=())


@transaction.atomic
def make_ladder(request: LadderRequest, *, made_by: User | None) -> TrainingLadder:
    """A ladder with a queued job for each of its models, and the files that its training reads.

    Raises:
        LadderRefusedError: the name is taken, or there is nothing to train on.
        LadderFileError: the ladder file cannot be used.
    """
    jobs = _plan_tuning(request) if request.tuning else _plan_training(request.text)
    ladder = TrainingLadder(
        slug=request.slug,
        text=request.text,
        tuning=request.tuning.to_row() if request.tuning else {},
        corpus_files=list(request.corpus_files),
        takes_imported=request.takes_imported,
        created_by=made_by,
    )
    _refuse_taken(ladder)
    if not request.corpus_files and not request.takes_imported:
        raise LadderRefusedError("Choose a corpus: a file, or the imported articles that are in no study.")
    shutil.rmtree(ladder.material_dir, ignore_errors=True)  # of an attempt that came to nothing
    if request.takes_imported:
        free = Article.objects.filter(items=None, contexts=None)
        if write_articles(free, ladder.material_dir / "articles.jsonl") < 2 and not request.corpus_files:
            raise LadderRefusedError("Fewer than two imported articles are in no study: choose a corpus file.")
    studies = Study.objects.filter(pk__in=request.studies)
    ladder.kept_out = [study.slug for study in studies]
    kept_out = Article.objects.filter(items__study__in=studies) | Article.objects.filter(contexts__study__in=studies)
    if request.keeps_out_imported:
        ladder.kept_out, kept_out = [EVERY_IMPORTED], Article.objects.all()
    ladder.n_kept_out = write_articles(kept_out.distinct(), ladder.material_dir / "exclude.jsonl")
    ladder.save()
    for position, job in enumerate(jobs):
        job.ladder, job.position = ladder, position
    TrainingJob.objects.bulk_create(jobs)
    return ladder


def _plan_training(text: str) -> list[TrainingJob]:
    return [
        TrainingJob(name=rung.name, size=rung.size, n_params=rung.n_params, budget=rung.tokens)
        for rung in read_rungs(text)
    ]


def _plan_tuning(request: LadderRequest) -> list[TrainingJob]:
    tokens = (request.tuning.tokens if request.tuning else None) or 0
    names = name_tuned([base.generator for base in request.bases])
    if not names:
        raise LadderRefusedError("Choose at least one model to fine-tune.")
    return [
        TrainingJob(name=name, size=base.size, n_params=base.n_params or 0, budget=tokens, base=base.generator)
        for name, base in zip(names, request.bases, strict=True)
    ]


def write_articles(articles: Iterable[Article], path: Path) -> int:
    """Write the articles as the training reads them, an object a line; how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for article in articles:
            row = {"id": article.ref, "title": article.title, "subtitle": article.subtitle, "body": article.body}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def remove_ladder(ladder: TrainingLadder) -> None:
    """Remove a ladder's rows, the files made for it and what is unfinished; finished models stay on the shelf.

    Raises:
        LadderRefusedError: a job waits or runs, or its worker is still ending.
    """
    if ladder.jobs.filter(state__in=[TrainingJob.State.QUEUED, TrainingJob.State.RUNNING]).exists():
        raise LadderRefusedError("The ladder is being trained: stop it first.")
    try:
        if ladder.folder.is_dir():
            with hold_folder(ladder.folder):
                _remove_unfinished(ladder)
    except FolderTakenError:
        raise LadderRefusedError("A worker is still ending its last step: try again in a moment.") from None
    ladder.delete()
    shutil.rmtree(ladder.material_dir, ignore_errors=True)


def list_corpora(folder: Path) -> list[str]:
    """The corpus files that can be chosen: those uploaded, and those that somebody copied there."""
    if not folder.is_dir():
        return []
    names = [path.name for path in folder.iterdir() if path.is_file()]
    return sorted(name for name in names if name.endswith(SUFFIXES) and NAME.fullmatch(name))


def store_corpus(chunks: Iterable[bytes], *, name: str, folder: Path) -> None:
    """Keep an uploaded corpus under its name, at one stroke: what lies in the folder is whole.

    Raises:
        LadderRefusedError: there is a file of that name already; it is never overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(prefix=".upload-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
        Path(unfinished).chmod(0o644)
        os.link(unfinished, folder / name)
    except FileExistsError:
        raise LadderRefusedError(
            f"There is a corpus {name} already: tick it in the list, or give this file another name."
        ) from None
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _refuse_taken(ladder: TrainingLadder) -> None:
    if TrainingLadder.objects.filter(slug=ladder.slug).exists():
        raise LadderRefusedError(f"There is a training {ladder.slug!r} already; choose another name.")
    if ladder.folder.is_dir() and any(ladder.folder.iterdir()):
        raise LadderRefusedError(f"A folder {ladder.slug!r} lies on the shelf already; choose another name.")


def _remove_unfinished(ladder: TrainingLadder) -> None:
    """The packed corpus and the runs that came to no model; with no model at all, the folder itself."""
    for name in ("corpus", f"new{UNFINISHED}"):
        shutil.rmtree(ladder.folder / name, ignore_errors=True)
    for job in ladder.jobs.exclude(state=TrainingJob.State.DONE):
        if not job.base and not (ladder.folder / job.name / CARD).is_file():  # a fine-tuned one is whole if it is there
            shutil.rmtree(ladder.folder / job.name, ignore_errors=True)
    if not any((ladder.folder / job.name).is_dir() for job in ladder.jobs.all()):
        shutil.rmtree(ladder.folder, ignore_errors=True)
