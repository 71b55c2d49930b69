"""Dress rehearsals: a copy of a study that only simulated participants may enter, and what it came to."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from studyapp.actions.audit import record
from studyapp.actions.copy_study import copy_study
from studyapp.actions.export import delete_export
from studyapp.actions.launch import LaunchRefusedError, launch_study, review_readiness
from studyapp.actions.quiz_forms import FormsRefusedError, make_quiz_forms
from studyapp.actions.roles import copy_roles
from studyapp.actions.study import describe_study
from studyapp.domain.rehearsal_cast import Cast, describe_cast
from studyapp.domain.study_design import Recruitment, StudyDesign
from studyapp.models import Rehearsal, Study

MADE_BY_THE_REHEARSAL = "Forms"  # the topic of the launch checklist that a rehearsal sees to itself
MOST_PER_CELL = 500
SLUG_LENGTH = 60


class RehearsalRefusedError(ValueError):
    """The study cannot be rehearsed; the message says why."""


@transaction.atomic
def request_rehearsal(
    study: Study, *, per_cell: int, seed: int, cast: Cast, by: User | None, now: datetime
) -> Rehearsal:
    """Keep that a rehearsal is wanted. Locks nothing: every request is a row of its own.

    Raises:
        RehearsalRefusedError: the study is a rehearsal itself, is not ready, or the numbers cannot be.
    """
    if study.is_rehearsal:
        raise RehearsalRefusedError(f"{study.slug!r} is a rehearsal itself; rehearse the study that it is a copy of.")
    if not 1 <= per_cell <= MOST_PER_CELL:
        raise RehearsalRefusedError(f"per cell: {per_cell}; it must be from 1 to {MOST_PER_CELL}.")
    if not 0 <= seed < 2**62:
        raise RehearsalRefusedError("The seed must be a whole number from 0 to 2^62.")
    if study.is_draft:
        findings = review_readiness(study)
        unready = [f.message for f in findings if f.level == "refuse" and f.topic != MADE_BY_THE_REHEARSAL]
        if unready:
            raise RehearsalRefusedError("The study is not ready: " + " ".join(unready))
    rehearsal = Rehearsal.objects.create(
        study=study, created_at=now, requested_by=by, per_cell=per_cell, seed=seed, parameters=describe_cast(cast)
    )
    record(study, "requested_rehearsal", rehearsal=rehearsal.pk, per_cell=per_cell, seed=seed)
    return rehearsal


@transaction.atomic
def begin_rehearsal(rehearsal_id: int, *, now: datetime) -> Rehearsal | None:
    """Take a rehearsal up, on its copy, which is made and launched the first time; None when it has ended or is gone.

    Locks the rehearsal. One that was running when its worker died goes on with the same copy.

    Raises:
        RehearsalRefusedError: the copy cannot be launched; nothing of it is kept.
    """
    waiting = (Rehearsal.State.QUEUED, Rehearsal.State.RUNNING)
    rehearsal = Rehearsal.objects.select_for_update(of=("self",)).filter(pk=rehearsal_id, state__in=waiting).first()
    if rehearsal is None:
        return None
    if rehearsal.copy is None:
        rehearsal.copy = make_copy(rehearsal.study, per_cell=rehearsal.per_cell, now=now)
    rehearsal.state, rehearsal.heartbeat_at = Rehearsal.State.RUNNING, now
    rehearsal.total = rehearsal.per_cell * rehearsal.copy.arms.count() * rehearsal.copy.quiz_forms.count()
    rehearsal.save(update_fields=["copy", "state", "total", "heartbeat_at"])
    return rehearsal


def record_rehearsal_progress(rehearsal_id: int, *, done: int, now: datetime) -> None:
    """Say how many simulated participants have come back, as a sign of life."""
    Rehearsal.objects.filter(pk=rehearsal_id).update(done=done, heartbeat_at=now)


@transaction.atomic
def finish_rehearsal(rehearsal_id: int, *, verdict: dict[str, Any], now: datetime) -> None:
    """Store what a rehearsal came to."""
    Rehearsal.objects.filter(pk=rehearsal_id).update(
        state=Rehearsal.State.DONE, verdict=verdict, passed=verdict["passed"], error="", finished_at=now
    )


def fail_rehearsal(rehearsal_id: int, *, error: str, now: datetime) -> None:
    """Say on the row why a rehearsal came to no end."""
    Rehearsal.objects.filter(pk=rehearsal_id).update(
        state=Rehearsal.State.FAILED, passed=False, error=error[:5000], finished_at=now
    )


@transaction.atomic
def delete_rehearsal(rehearsal: Rehearsal) -> None:
    """Delete a rehearsal whole: its copy with everybody in it, its bundles and their reports. Locks the rehearsal."""
    rehearsal = Rehearsal.objects.select_for_update(of=("self",)).select_related("copy").get(pk=rehearsal.pk)
    record(rehearsal.study, "deleted_rehearsal", rehearsal=rehearsal.pk)
    if rehearsal.copy is None:
        rehearsal.delete()
        return
    for export in rehearsal.copy.exports.all():
        delete_export(export)
    rehearsal.copy.delete()


def make_copy(
    study: Study, *, per_cell: int, now: datetime, kind: str = "rehearsal", shows_all_at_once: bool = False
) -> Study:
    """A copy, launched. No platform hears of it: simulated participants come by passes that the server signs.

    `kind` stands in its slug; `shows_all_at_once`: each participant is shown every item, and nothing that waits by the
    clock, whatever the study says.

    Raises:
        RehearsalRefusedError: it cannot be launched; nothing of it is kept where this is called in a transaction.
    """
    design = describe_study(study)
    if shows_all_at_once:
        checks = replace(design.checks, reveal_seconds=0, min_reading_seconds=0, max_reading_wpm=0)
        design = replace(design, articles=replace(design.articles, shown=None), checks=checks)
    design = replace(
        design,
        study=replace(design.study, slug=_name_copy(study, kind=kind)),
        targets=replace(design.targets, participants_per_cell=per_cell),
        recruitment=Recruitment(
            estimated_minutes=design.recruitment.estimated_minutes,
            reward=design.recruitment.reward,
            contact=design.recruitment.contact,
        ),
        arms=tuple(replace(arm, participants_per_cell=None) for arm in design.arms),
    )
    return _launch_copy(study, design, now=now)


def _launch_copy(study: Study, design: StudyDesign, *, now: datetime) -> Study:
    copy = copy_study(study, design=design)
    Study.objects.filter(pk=copy.pk).update(rehearsal_of=study)
    copy_roles(study, copy)
    copy.refresh_from_db()
    try:
        if not copy.quiz_forms.exists():
            make_quiz_forms(copy)
        warnings = [finding.key for finding in review_readiness(copy)]  # accepted: no person reads this copy
        return launch_study(copy, now=now, acknowledged=warnings)
    except (LaunchRefusedError, FormsRefusedError) as error:
        raise RehearsalRefusedError(f"The copy cannot be launched: {error}") from None


def _name_copy(study: Study, *, kind: str) -> str:
    """`STUDY-rehearsal-N`, the first N that is free; a long name is cut so that it fits."""
    taken = set(Study.objects.filter(slug__contains=f"-{kind}-").values_list("slug", flat=True))
    number = 1
    while True:
        ending = f"-{kind}-{number}"
        slug = study.slug[: SLUG_LENGTH - len(ending)].rstrip("-") + ending
        if slug not in taken:
            return slug
        number += 1
