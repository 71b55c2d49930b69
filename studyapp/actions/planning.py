"""Simulations that plan a study: asked for, carried out by a worker, kept."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from studyapp.actions.audit import record
from studyapp.domain.power_plan import ArmFacts, assume_plan
from studyapp.models import PowerRun, Study


def assume_study(study: Study) -> dict[str, Any]:
    """The plan that a study's own rows suggest."""
    plan = assume_plan(
        arms=[ArmFacts(arm.name, arm.n_params, arm.is_control) for arm in study.arms.all()],
        n_items=study.items.count(),
        per_arm=2 * study.participants_per_cell,
        platform=study.platform,
        reward=study.reward,
        seed=study.seed,
    )
    return {**plan, "shown": study.items_shown} if study.items_shown else plan


@transaction.atomic
def request_power(study: Study, *, parameters: dict[str, Any], by: User | None, now: datetime) -> PowerRun:
    """Keep a plan that is to be simulated. Locks nothing: every request is a row of its own."""
    total = len(parameters["participants"]) * len(parameters["titles"])
    run = PowerRun.objects.create(study=study, created_at=now, requested_by=by, parameters=parameters, total=total)
    record(study, "requested_power", run=run.pk)
    return run


@transaction.atomic
def begin_power(run_id: int, *, now: datetime) -> PowerRun | None:
    """Take a simulation up; None when it has ended or is gone. Locks the run.

    One that was running when its worker died is taken up again: it is a pure function of its parameters.
    """
    waiting = (PowerRun.State.QUEUED, PowerRun.State.RUNNING)
    run = PowerRun.objects.select_for_update().filter(pk=run_id, state__in=waiting).first()
    if run is not None:
        run.state, run.heartbeat_at = PowerRun.State.RUNNING, now
        run.save(update_fields=["state", "heartbeat_at"])
    return run


def record_power_progress(run_id: int, *, done: int, now: datetime) -> None:
    """Say how many designs are simulated, as a sign of life."""
    PowerRun.objects.filter(pk=run_id).update(done=done, heartbeat_at=now)


def finish_power(run_id: int, *, result: dict[str, Any], table: str, picture: str, now: datetime) -> None:
    """Store what a simulation gave."""
    PowerRun.objects.filter(pk=run_id).update(
        state=PowerRun.State.DONE, result=result, table=table, picture=picture, error="", finished_at=now
    )


def fail_power(run_id: int, *, error: str, now: datetime) -> None:
    """Say on the row why a simulation gave nothing."""
    PowerRun.objects.filter(pk=run_id).update(state=PowerRun.State.FAILED, error=error[:5000], finished_at=now)


@transaction.atomic
def delete_power(run: PowerRun) -> None:
    """Forget a simulation. Locks nothing; a worker that is at it writes into no row."""
    record(run.study, "deleted_power", run=run.pk)
    run.delete()
