"""What the beat starts: work of dead workers is sent again, places of the silent and rows past their time go."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from studyapp.actions import detection, export, generation, participation, training
from studyapp.actions import purge as purging
from studyapp.actions.audit import acting_as
from studyapp.actions.silence import claim_silent
from studyapp.database.clock import read_clock
from studyapp.models import BlindingAudit, PowerRun, Rehearsal, Study
from studyapp.tasks.blinding import audit_blinding
from studyapp.tasks.detection import detect_texts
from studyapp.tasks.export import write_report
from studyapp.tasks.generation import generate_article
from studyapp.tasks.planning import simulate_power
from studyapp.tasks.rehearsal import rehearse
from studyapp.tasks.sending import count_messages
from studyapp.tasks.training import train_rung

logger = logging.getLogger(__name__)
DETECTION_SILENCE = timedelta(minutes=2)  # above the sign of life that its worker gives
PLAN_SILENCE = timedelta(minutes=20)  # above the longest single design of a plan, and any simulated participant


@shared_task(name="studyapp.tasks.sweep_jobs")
def sweep_jobs() -> None:
    """Send the jobs of dead workers again, and those whose messages the broker has lost."""
    now = read_clock()
    silence = timedelta(seconds=settings.HEARTBEAT_TIMEOUT_SECONDS)
    waiting = set(generation.release_silent_jobs(silent_since=now - silence, now=now))
    if not count_messages("generation"):
        waiting.update(generation.list_queued_jobs())
    for job_id in sorted(waiting):
        generate_article.delay(job_id)
    training.release_silent_jobs(silent_since=now - silence, now=now)
    next_ids = training.list_next_jobs()
    if next_ids and not count_messages("training"):
        for job_id in next_ids:
            train_rung.delay(job_id)


@shared_task(name="studyapp.tasks.sweep_plans")
def sweep_plans() -> None:
    """Send the plans, rehearsals, audits and reports of dead workers again, and those whose messages were lost."""
    now = timezone.now()
    for export_id in export.find_silent_reports(now=read_clock()):
        write_report.delay(export_id)
    for task, rows in (
        (simulate_power, PowerRun.objects),
        (rehearse, Rehearsal.objects),
        (audit_blinding, BlindingAudit.objects),
    ):
        for row_id in claim_silent(rows.all(), silent_since=now - PLAN_SILENCE, now=now):
            task.delay(row_id)
    for run_id in detection.release_silent_runs(
        silent_since=read_clock() - DETECTION_SILENCE, unheard_since=read_clock() - PLAN_SILENCE, now=read_clock()
    ):
        detect_texts.delay(run_id)


@shared_task(name="studyapp.tasks.mark_dropouts")
def mark_dropouts() -> None:
    """Give back the places of those who left, or have been silent for longer than their study allows."""
    for study in Study.objects.open_to_participants():
        participation.free_places(study, now=timezone.now())


@shared_task(name="studyapp.tasks.purge")
def purge() -> None:
    """Delete what its time is over for."""
    with acting_as("the daily purge"):
        for entry in purging.purge(now=timezone.now()):
            logger.info("deleted %d of %s: %s", entry.rows, entry.what, entry.rule)
