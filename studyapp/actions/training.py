"""Training is a job of the queue: ladders are made, their jobs claimed, followed, stopped, taken up again, removed.

One job of a ladder runs at a time, in the ladder's order: `claim_job` locks the ladder's row and takes a job only if
it is the next one and none runs, and the database holds at most one running job a ladder.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Min

from studyapp.domain.training import count_attempts, find_next, is_given_up
from studyapp.models import TrainingJob, TrainingLadder

State = TrainingJob.State


@dataclass(frozen=True)
class TrainingOrder:
    """All that a worker needs to train a job's model. `curve` is that of the attempts before.

    Where there is a `base`, it is fine-tuned as `tuning` says, and there is no ladder file. `others` are texts of
    other newspapers, whose loss is measured.
    """

    job_id: int
    claim: str
    rung: str
    ladder_text: str
    out: Path
    corpus: tuple[Path, ...]
    exclude: tuple[Path, ...]
    curve: dict[str, Any] = field(default_factory=dict)
    base: str = ""
    tuning: dict[str, Any] = field(default_factory=dict)
    others: tuple[Path, ...] = ()


@dataclass(frozen=True)
class TrainingNews:
    """How far a run is. Losses in nats a token; what is not known yet is None."""

    step: int
    n_steps: int
    tokens: int
    budget: int
    train_loss: float
    held_out_loss: float | None
    tokens_per_second: float | None
    seconds_left: float | None
    flop_use: float | None
    curve: dict[str, Any]


@dataclass(frozen=True)
class TrainedModel:
    """What the card of the finished model says."""

    n_params: int
    steps: int
    tokens: int
    train_loss: float
    held_out_loss: float


@transaction.atomic
def claim_job(job_id: int, *, now: datetime) -> TrainingOrder | None:
    """Take a job up; None when it is not the next of its ladder, or one of the ladder runs. Locks the ladder."""
    ladder = TrainingLadder.objects.select_for_update(of=("self",)).filter(jobs=job_id).first()
    if ladder is None:
        return None
    jobs = list(ladder.jobs.order_by("position"))
    place = find_next([job.state for job in jobs])
    if place is None or jobs[place].pk != job_id:
        return None
    job = jobs[place]
    job.state = State.RUNNING
    job.claim = secrets.token_hex(16)
    job.attempts += 1
    job.error = ""
    job.started_at = job.heartbeat_at = now
    job.tokens_per_second = job.seconds_left = job.flop_use = None
    job.save()
    return TrainingOrder(
        job_id=job.pk,
        claim=job.claim,
        rung=job.name,
        ladder_text=ladder.text,
        out=ladder.folder,
        corpus=ladder.corpus_paths,
        exclude=ladder.exclude_paths,
        curve={} if job.base else job.curve,  # a fine-tuning begins anew
        base=job.base,
        tuning=ladder.tuning,
        others=ladder.other_paths,
    )


def record_heartbeat(order: TrainingOrder, news: TrainingNews | None, *, now: datetime) -> bool:
    """Say that the worker lives, and how far it is; False when the job is no longer its own and it should stop."""
    told = {} if news is None else {name: getattr(news, name) for name in TrainingNews.__dataclass_fields__}
    return bool(_own(order).update(heartbeat_at=now, **told))


def finish_job(order: TrainingOrder, trained: TrainedModel, *, now: datetime) -> bool:
    """Close a job whose model lies on the shelf; False when the job is another worker's by now."""
    return bool(
        _own(order).update(
            state=State.DONE,
            finished_at=now,
            n_params=trained.n_params,
            step=trained.steps,
            n_steps=trained.steps,
            tokens=trained.tokens,
            train_loss=trained.train_loss,
            held_out_loss=trained.held_out_loss,
            seconds_left=0.0,
        )
    )


def fail_job(order: TrainingOrder, *, error: str, now: datetime) -> None:
    """Name on the row why the run ended; what it had saved is taken up again once somebody says "go on"."""
    _own(order).update(state=State.FAILED, error=error[:5000], finished_at=now, seconds_left=None)


def release_job(order: TrainingOrder) -> None:
    """Give a job back that could not be begun, without counting the attempt; the sweep sends it again."""
    job = _own(order).first()
    if job is not None:
        _own(order).update(state=State.QUEUED, claim="", attempts=max(0, job.attempts - 1))


@transaction.atomic
def release_silent_jobs(*, silent_since: datetime, now: datetime) -> None:
    """Queue the running jobs again whose worker has not been heard of since. Locks those jobs.

    A job that has taken its worker with it too often in a row is failed instead, with the reason on its row.
    """
    for job in TrainingJob.objects.select_for_update().silent_since(silent_since, now=now):
        assert job.started_at is not None and job.heartbeat_at is not None  # noqa: S101  (a running job has both)
        if not job.base:  # a fine-tuning begins anew each time, so that no attempt of it has moved it on
            job.attempts = count_attempts(job.attempts, lasted=job.heartbeat_at - job.started_at)
        exhausted = is_given_up(job.attempts)
        job.state = State.FAILED if exhausted else State.QUEUED
        job.claim = ""
        job.error = f"the worker was lost {job.attempts} times; see its log, then go on" if exhausted else ""
        job.tokens_per_second = job.seconds_left = job.flop_use = None
        job.save()


def list_next_jobs(ladder_ids: Iterable[int] | None = None) -> list[int]:
    """The job of each ladder that a worker may take up now, oldest ladder first; of those ladders only, if given."""
    queued = TrainingJob.objects.filter(state=State.QUEUED)
    busy = TrainingJob.objects.filter(state=State.RUNNING).values("ladder")
    if ladder_ids is not None:
        queued = queued.filter(ladder__in=list(ladder_ids))
    firsts = queued.exclude(ladder__in=busy).order_by().values("ladder").annotate(first=Min("position"))
    wanted = {row["ladder"]: row["first"] for row in firsts}
    jobs = queued.filter(ladder__in=wanted).order_by("ladder_id").values_list("id", "ladder_id", "position")
    return [job_id for job_id, ladder_id, position in jobs if wanted[ladder_id] == position]


def find_next_job(job_id: int) -> int | None:
    """The job that a worker may take up once this one of the same ladder has ended."""
    ladder_ids = TrainingJob.objects.filter(pk=job_id).values_list("ladder_id", flat=True)
    return next(iter(list_next_jobs(ladder_ids)), None)


@transaction.atomic
def stop_ladder(ladder: TrainingLadder) -> int:
    """Take back what waits and what runs, which ends within seconds; how many. Locks the ladder."""
    TrainingLadder.objects.select_for_update().get(pk=ladder.pk)
    open_jobs = ladder.jobs.filter(state__in=[State.QUEUED, State.RUNNING])
    return open_jobs.update(state=State.STOPPED, claim="", tokens_per_second=None, seconds_left=None, flop_use=None)


@transaction.atomic
def resume_ladder(ladder: TrainingLadder) -> int:
    """Queue what was stopped or has failed; how many. Each goes on from what its run saved last. Locks the ladder."""
    TrainingLadder.objects.select_for_update().get(pk=ladder.pk)
    ended = ladder.jobs.filter(state__in=[State.STOPPED, State.FAILED])
    return ended.update(state=State.QUEUED, claim="", attempts=0, error="", finished_at=None)


def _own(order: TrainingOrder) -> Any:
    """The job as long as it is this worker's."""
    return TrainingJob.objects.filter(pk=order.job_id, claim=order.claim, state=State.RUNNING)
