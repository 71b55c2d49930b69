"""Machine detectors at a study's texts: asked for, claimed by a worker, stored part by part, taken up again.

A run that was cut off goes on behind the last part whose scores are stored; what a worker without the claim brings is
dropped.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from studyapp.actions.audit import record
from studyapp.models import DetectorRun, DetectorScore, Stimulus, Study

State = DetectorRun.State
BATCH = 2000


class DetectionRefusedError(ValueError):
    """The detectors cannot be run; the message says why."""


class Score(Protocol):
    """What a worker hands over of one text: the columns of detectors.csv."""

    stimulus: str
    detector: str
    scorer: str
    given: str
    machine_when: str
    score: float | None
    tokens: int | None


@dataclass(frozen=True)
class DetectionOrder:
    """All that a worker needs; the parts of `steps_done` are stored already."""

    run_id: int
    claim: str
    parameters: Mapping[str, Any]
    stimuli: tuple[Stimulus, ...]
    steps_done: tuple[str, ...]


@transaction.atomic
def request_detection(study: Study, *, parameters: dict[str, Any], by: User | None, now: datetime) -> DetectorRun:
    """Keep that a study's texts are to be scored. Locks the study.

    Raises:
        DetectionRefusedError: its texts may still change, or a run is under way.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.is_draft:
        raise DetectionRefusedError("The texts of a draft may still change: launch the study first.")
    if study.detector_runs.filter(state__in=(State.QUEUED, State.RUNNING)).exists():
        raise DetectionRefusedError("The detectors are at work already: wait for them, or delete that run.")
    run = DetectorRun.objects.create(study=study, created_at=now, requested_by=by, parameters=parameters)
    record(study, "requested_detection", run=run.pk, parameters=parameters)
    return run


@transaction.atomic
def claim_run(run_id: int, *, now: datetime) -> DetectionOrder | None:
    """Take a run up; None when it is done, gone, or another worker's. Locks the run."""
    run = DetectorRun.objects.select_for_update(of=("self",)).filter(pk=run_id, state=State.QUEUED).first()
    if run is None:
        return None
    run.state, run.claim, run.heartbeat_at = State.RUNNING, secrets.token_hex(16), now
    run.done = run.total = 0
    run.save()
    return DetectionOrder(
        run_id=run.pk,
        claim=run.claim,
        parameters=run.parameters,
        stimuli=tuple(Stimulus.objects.of_study(run.study_id)),
        steps_done=tuple(run.steps_done),
    )


def record_progress(order: DetectionOrder, *, now: datetime, **numbers: int) -> bool:
    """A sign of life, with how far the work is (`steps`, `done`, `total`); False when the run is no longer its own."""
    return bool(_own(order).update(heartbeat_at=now, **numbers))


@transaction.atomic
def store_step(
    order: DetectionOrder, *, key: str, scores: Sequence[Score], notes: Sequence[str] = (), now: datetime
) -> bool:
    """Store the scores of one part; False when the run is another worker's by now. Locks the run."""
    run = _own(order).select_for_update().first()
    if run is None:
        return False
    if key not in run.steps_done:
        stimuli = dict(Stimulus.objects.filter(item__study=run.study_id).values_list("code", "pk"))
        rows = [
            DetectorScore(
                run=run,
                stimulus_id=stimuli[score.stimulus],
                detector=score.detector,
                scorer=score.scorer,
                given=score.given,
                machine_when=score.machine_when,
                score=score.score,
                tokens=score.tokens,
            )
            for score in scores
        ]
        DetectorScore.objects.bulk_create(rows, batch_size=BATCH)
        run.steps_done = [*run.steps_done, key]
        run.notes = [*run.notes, *notes]
    run.heartbeat_at, run.done, run.total = now, 0, 0
    run.save(update_fields=["steps_done", "notes", "heartbeat_at", "done", "total"])
    return True


@transaction.atomic
def finish_run(order: DetectionOrder, *, now: datetime) -> bool:
    """Close a run all of whose parts are stored; False when it is another worker's by now. Locks the run."""
    run = _own(order).select_for_update(of=("self",)).select_related("study").first()
    if run is None:
        return False
    run.state, run.error, run.finished_at = State.DONE, "", now
    run.save(update_fields=["state", "error", "finished_at"])
    record(run.study, "finished_detection", run=run.pk)  # bundles of before lack its scores
    return True


def fail_run(order: DetectionOrder, *, error: str, now: datetime) -> None:
    """Say on the row why a run came to no end; its stored parts stay, and are no part of a bundle."""
    _own(order).update(state=State.FAILED, error=error[:5000], finished_at=now)


def return_run(order: DetectionOrder) -> None:
    """Give a run back to the queue, since its worker ends."""
    _own(order).update(state=State.QUEUED, claim="")


def fail_unsent_run(run_id: int, *, error: str, now: datetime) -> None:
    """Say on the row of a run that no worker has heard of why."""
    DetectorRun.objects.filter(pk=run_id, state=State.QUEUED).update(
        state=State.FAILED, error=error[:5000], finished_at=now
    )


@transaction.atomic
def resume_run(study: Study, *, run_id: int, now: datetime) -> DetectorRun | None:
    """Queue a failed run again, behind the parts that it has; None when there is none such. Locks the study.

    Raises:
        DetectionRefusedError: another run is under way.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.detector_runs.filter(state__in=(State.QUEUED, State.RUNNING)).exists():
        raise DetectionRefusedError("The detectors are at work already: wait for them, or delete that run.")
    run = study.detector_runs.filter(pk=run_id, state=State.FAILED).first()
    if run is not None:
        run.state, run.error, run.claim, run.finished_at, run.heartbeat_at = State.QUEUED, "", "", None, now
        run.save()
        record(study, "resumed_detection", run=run.pk)
    return run


@transaction.atomic
def release_silent_runs(*, silent_since: datetime, unheard_since: datetime, now: datetime) -> list[int]:
    """Runs whose worker is silent, queued again, and those whose message is lost; each is named once. Locks them."""
    runs = DetectorRun.objects.select_for_update(of=("self",))
    silent = list(runs.filter(state=State.RUNNING, heartbeat_at__lt=silent_since).values_list("pk", flat=True))
    lost = runs.filter(
        Q(heartbeat_at__lt=unheard_since) | Q(heartbeat_at=None, created_at__lt=unheard_since), state=State.QUEUED
    )
    run_ids = [*silent, *lost.values_list("pk", flat=True)]
    DetectorRun.objects.filter(pk__in=run_ids).update(state=State.QUEUED, claim="", heartbeat_at=now)
    return run_ids


@transaction.atomic
def delete_run(run: DetectorRun) -> None:
    """Forget a run and its scores. Locks nothing; a worker that is at it stores nothing more."""
    record(run.study, "deleted_detection", run=run.pk)
    run.delete()


def find_exported_run(study: Study) -> DetectorRun | None:
    """The run whose scores stand in the study's bundles: the newest that is done."""
    return study.detector_runs.filter(state=State.DONE).first()


def _own(order: DetectionOrder) -> "QuerySet[DetectorRun]":
    return DetectorRun.objects.filter(pk=order.run_id, state=State.RUNNING, claim=order.claim)
