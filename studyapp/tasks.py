"""Doorways: ids in, the row is the truth, safe to run twice. torch and the analysis are loaded inside the bodies."""

import logging
import os
import shutil
from collections.abc import Callable, Iterable
from datetime import timedelta

from celery import Task, shared_task
from celery.signals import worker_process_init
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from studyapp.actions import (
    blinding,
    detection,
    export,
    generation,
    participation,
    planning,
    rehearsal,
    training,
    webhooks,
)
from studyapp.actions import purge as purging
from studyapp.actions.audit import acting_as
from studyapp.blinding_auditing import carry_audit_out
from studyapp.database_clock import read_clock
from studyapp.detecting import LostDetectionError, carry_detection_out
from studyapp.job_pulse import JobPulse, LostClaimError
from studyapp.models import BlindingAudit, ProlificStudy, Study, WebhookEvent
from studyapp.outlasting import DATABASE_AWAY, outlast
from studyapp.prolific import submissions
from studyapp.prolific.desk import has_token, open_client
from studyapp.prolific.transport import ProlificError
from studyapp.rehearsing import carry_rehearsal_out
from studyapp.shelf import FolderTakenError, hold_folder
from studyapp.sign_of_life import keep_alive
from studyapp.stopping import WorkerStoppingError
from studyapp.trainer import LostTrainingError, Pulse, train_order
from studyapp.writing import write_orders

logger = logging.getLogger(__name__)
EVENT_WAITS = timedelta(minutes=5)  # for its own task; then the next sync takes it
DETECTION_SILENCE = timedelta(minutes=2)  # above the sign of life that its worker gives
PLAN_SILENCE = timedelta(minutes=20)  # above the longest single design of a plan, and any simulated participant


class QueueUnreachableError(RuntimeError):
    """The broker did not answer; the message says what happens next."""


@shared_task
def generate_article(job_id: int) -> None:
    """Write the candidates of a job, and with it of others that wait for the same arm, so that they share its model.

    A job that is done, or another worker's, is left alone.
    """
    orders = generation.claim_jobs(job_id, now=read_clock(), most=settings.JOBS_AT_ONCE)
    if not orders:
        return
    try:
        with JobPulse(orders) as pulse:
            write_orders(orders, on_written=_store_written, on_refused=_fail_order, on_progress=pulse.tell)
    except LostClaimError:
        logger.warning("all of the jobs with %s were taken over by other workers", job_id)
    except WorkerStoppingError:
        for returned_id in generation.return_jobs(orders):
            logger.info("job %s goes back to the queue: this worker ends", returned_id)
            generate_article.delay(returned_id)
    except DATABASE_AWAY:  # for very long: nothing is wrong with the jobs, and the sweep sends them again
        logger.exception("the jobs with %s are left to the sweep", job_id)
    except Exception as error:  # a bad checkpoint or setting: named, and not retried
        logger.exception("job %s failed", job_id)
        for order in orders:
            _fail_order(order, error)


def _store_written(order: generation.GenerationOrder, written: list[generation.WrittenCandidate]) -> None:
    try:
        if not outlast(lambda: generation.store_candidates(order, written, now=read_clock())):
            logger.warning("job %s was taken over by another worker", order.job_id)
    except DATABASE_AWAY:
        raise
    except Exception as error:  # a text that cannot be stored
        logger.exception("job %s failed", order.job_id)
        _fail_order(order, error)


def _fail_order(order: generation.GenerationOrder, error: Exception) -> None:
    """Name the failure on the row, unless the job is done or another worker's by now."""
    outlast(lambda: generation.fail_job(order, error=f"{type(error).__name__}: {error}", now=read_clock()))


@shared_task
def train_rung(job_id: int) -> None:
    """Train the model of one job, or go on where its last worker was killed; then send the ladder's next job.

    A job that is done, another worker's, or not its ladder's next is left alone, however often it is delivered.
    """
    order = training.claim_job(job_id, now=read_clock())
    if order is None:
        return
    try:
        with hold_folder(order.out), Pulse(order) as pulse:
            trained = train_order(order, pulse)
        outlast(lambda: training.finish_job(order, trained, now=read_clock()))
    except LostTrainingError:
        logger.warning("training job %s was stopped, or taken over by another worker", job_id)
        return
    except WorkerStoppingError:
        logger.info("training job %s goes back to the queue: this worker ends", job_id)
        training.release_job(order)
        train_rung.delay(job_id)
        return
    except FolderTakenError:
        logger.warning("training job %s waits: another worker is still in its folder", job_id)
        training.release_job(order)
        return
    except DATABASE_AWAY:  # for very long: the sweep sends the job again, and the run goes on from its last state
        logger.exception("training job %s is left to the sweep", job_id)
        return
    except Exception as error:  # a bad corpus, too little memory: named, and not retried
        logger.exception("training job %s failed", job_id)
        training.fail_job(order, error=f"{type(error).__name__}: {error}", now=read_clock())
    if (next_id := training.find_next_job(job_id)) is not None:
        train_rung.delay(next_id)


@shared_task
def sweep_jobs() -> None:
    """Send the jobs of dead workers again, and those whose messages the broker has lost."""
    now = read_clock()
    silence = timedelta(seconds=settings.HEARTBEAT_TIMEOUT_SECONDS)
    waiting = set(generation.release_silent_jobs(silent_since=now - silence, now=now))
    if not _count_messages("generation"):
        waiting.update(generation.list_queued_jobs())
    for job_id in sorted(waiting):
        generate_article.delay(job_id)
    training.release_silent_jobs(silent_since=now - silence, now=now)
    next_ids = training.list_next_jobs()
    if next_ids and not _count_messages("training"):
        for job_id in next_ids:
            train_rung.delay(job_id)


@shared_task
def sweep_plans() -> None:
    """Send the plans, rehearsals, audits and reports of dead workers again, and those whose messages were lost."""
    now = timezone.now()
    for export_id in export.find_silent_reports(now=read_clock()):
        write_report.delay(export_id)
    silent_since = now - PLAN_SILENCE
    for run_id in planning.find_silent_runs(silent_since=silent_since, now=now):
        simulate_power.delay(run_id)
    for rehearsal_id in rehearsal.find_silent_rehearsals(silent_since=silent_since, now=now):
        rehearse.delay(rehearsal_id)
    for audit_id in blinding.find_silent_audits(silent_since=silent_since, now=now):
        audit_blinding.delay(audit_id)
    for run_id in detection.release_silent_runs(
        silent_since=read_clock() - DETECTION_SILENCE, unheard_since=read_clock() - PLAN_SILENCE, now=read_clock()
    ):
        detect_texts.delay(run_id)


@shared_task
def mark_dropouts() -> None:
    """Give back the places of those who left, or have been silent for longer than their study allows."""
    for study in Study.objects.open_to_participants():
        participation.free_places(study, now=timezone.now())


@shared_task
def purge() -> None:
    """Delete what its time is over for."""
    with acting_as("the daily purge"):
        for entry in purging.purge(now=timezone.now()):
            logger.info("deleted %d of %s: %s", entry.rows, entry.what, entry.rule)


@shared_task
def sync_prolific() -> None:
    """Read every linked study that is worth it, and the webhooks left over: what webhooks miss, this finds."""
    if not has_token():
        return
    for link_id in ProlificStudy.objects.worth_reading().values_list("id", flat=True):
        sync_prolific_study.delay(link_id)
    for event_id in webhooks.list_waiting_events(received_before=timezone.now() - EVENT_WAITS):
        take_webhook.delay(event_id)


@shared_task
def sync_prolific_study(link_id: int) -> None:
    """Read a study's submissions from Prolific; what goes wrong is named on the link."""
    link = ProlificStudy.objects.select_related("study").filter(pk=link_id).exclude(remote_id="").first()
    if link is None or not has_token():
        return
    try:
        with open_client(is_patient=True) as client:
            submissions.sync_study(client, link)
    except ProlificError as error:
        logger.warning("Prolific's submissions of %s were not all read: %s", link.study.slug, error)


@shared_task
def take_webhook(event_id: int) -> None:
    """Read what a webhook is about; where Prolific cannot be read, the event waits for the next sync."""
    event = WebhookEvent.objects.filter(pk=event_id, handled_at=None).first()
    if event is None or not has_token():
        return
    try:
        with open_client(is_patient=True) as client:
            submissions.take_event(client, event)
    except ProlificError as error:
        logger.warning("webhook %s waits: %s", event.event_id, error)


@shared_task
def write_report(export_id: int) -> None:
    """Make the report of a bundle; what goes wrong is named on the export's row."""
    row = export.begin_report(export_id, now=read_clock())
    if row is None:
        return
    from analysis.report import write_report as analyse

    unfinished = row.report_dir.with_name(row.report_dir.name + ".part")
    error = ""
    try:
        with keep_alive(lambda: export.record_report_heartbeat(export_id, now=read_clock())):
            shutil.rmtree(unfinished, ignore_errors=True)
            analyse(row.bundle_path, unfinished)
            shutil.rmtree(row.report_dir, ignore_errors=True)
            unfinished.replace(row.report_dir)
    except Exception as fault:
        logger.exception("report of export %s failed", export_id)
        error = f"{type(fault).__name__}: {fault}"
    outlast(lambda: export.end_report(export_id, error=error))


@shared_task
def simulate_power(run_id: int) -> None:
    """Simulate a study's power; what goes wrong is named on the run's row."""
    run = planning.begin_power(run_id, now=timezone.now())
    if run is None:
        return
    from analysis.power import plan_power

    def tell(done: int, total: int) -> None:
        outlast(lambda: planning.record_power_progress(run_id, done=done, now=timezone.now()))

    try:
        answer = plan_power(run.parameters, on_progress=tell)
        picture = answer.picture.svg.decode()
        now = timezone.now()
        outlast(
            lambda: planning.finish_power(run_id, result=answer.results, table=answer.csv, picture=picture, now=now)
        )
    except Exception as error:
        logger.exception("power simulation %s failed", run_id)
        planning.fail_power(run_id, error=f"{type(error).__name__}: {error}", now=timezone.now())


@shared_task
def detect_texts(run_id: int) -> None:
    """Score a study's texts by machine detectors; what goes wrong is named on the run's row."""
    order = detection.claim_run(run_id, now=read_clock())
    if order is None:
        return
    try:
        with keep_alive(lambda: detection.record_progress(order, now=read_clock())):
            carry_detection_out(order)
    except LostDetectionError:
        logger.warning("the detectors of run %s were taken over by another worker, or deleted", run_id)
    except WorkerStoppingError:
        logger.info("the detectors of run %s go back to the queue: this worker ends", run_id)
        detection.return_run(order)
        detect_texts.delay(run_id)
    except DATABASE_AWAY:  # for very long: the sweep sends the run again, which goes on behind its last part
        logger.exception("the detectors of run %s are left to the sweep", run_id)
    except Exception as error:  # a bad checkpoint, two tokenizers: named, and not retried
        logger.exception("the detectors of run %s failed", run_id)
        message = f"{type(error).__name__}: {error}"
        outlast(lambda: detection.fail_run(order, error=message, now=read_clock()))


@shared_task
def rehearse(rehearsal_id: int) -> None:
    """Carry a rehearsal out against a site of this worker's own; what goes wrong is named on its row."""
    carry_rehearsal_out(rehearsal_id, write_report=write_report)


@shared_task
def audit_blinding(audit_id: int) -> None:
    """Walk the pages of a study's copy; what is found, or goes wrong, is named on the audit's row."""
    audit = BlindingAudit.objects.select_related("study").filter(pk=audit_id).exclude(state="done").first()
    if audit is not None:
        carry_audit_out(audit)


@worker_process_init.connect
def limit_threads(**_: object) -> None:
    """Share the cores among the worker's processes: each would otherwise start a thread for every core."""
    os.environ.setdefault("OMP_NUM_THREADS", os.environ.get("BYLINE_TORCH_THREADS", "1"))


def send_jobs(job_ids: Iterable[int]) -> None:
    """Hand jobs to the workers once their rows are stored.

    Raises:
        QueueUnreachableError: none or only some were sent; the sweep sends the others.
    """
    try:
        for job_id in job_ids:
            generate_article.delay_on_commit(job_id)
    except OperationalError as error:
        raise QueueUnreachableError(
            "The queue's Redis cannot be reached. Nothing is lost: the articles are written once it is back."
        ) from error


def send_training(job_ids: Iterable[int]) -> None:
    """Hand training jobs to the workers once their rows are stored.

    Raises:
        QueueUnreachableError: none or only some were sent; the sweep sends the others.
    """
    try:
        for job_id in job_ids:
            train_rung.delay_on_commit(job_id)
    except OperationalError as error:
        raise QueueUnreachableError(
            "The queue's Redis cannot be reached. Nothing is lost: the training begins once it is back."
        ) from error


def send_sync(link_id: int) -> None:
    """Have a worker read a study's submissions from Prolific.

    Raises:
        QueueUnreachableError: it was not sent.
    """
    try:
        sync_prolific_study.delay_on_commit(link_id)
    except OperationalError as error:
        raise QueueUnreachableError(
            "The queue's Redis cannot be reached, so nothing is read from Prolific until it is back."
        ) from error


def send_webhook(event_id: int) -> bool:
    """Have a worker take a webhook; False where the queue is away, and the next sync takes it."""
    try:
        take_webhook.delay_on_commit(event_id)
    except OperationalError:
        logger.warning("webhook %s waits: the queue's Redis cannot be reached", event_id)
        return False
    return True


def send_report(export_id: int) -> None:
    """Hand a wanted report to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    _send_wanted(write_report, export_id, "the report", lambda error: export.end_report(export_id, error=error))


def send_power(run_id: int) -> None:
    """Hand a simulation to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    _send_wanted(
        simulate_power,
        run_id,
        "the simulation",
        lambda error: planning.fail_power(run_id, error=error, now=timezone.now()),
    )


def send_rehearsal(rehearsal_id: int) -> None:
    """Hand a rehearsal to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    _send_wanted(
        rehearse,
        rehearsal_id,
        "the rehearsal",
        lambda error: rehearsal.fail_rehearsal(rehearsal_id, error=error, now=timezone.now()),
    )


def send_detection(run_id: int) -> None:
    """Hand a run of the detectors to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    _send_wanted(
        detect_texts,
        run_id,
        "the detectors",
        lambda error: detection.fail_unsent_run(run_id, error=error, now=timezone.now()),
    )


def send_audit(audit: BlindingAudit) -> None:
    """Hand a blinding audit to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    _send_wanted(
        audit_blinding,
        audit.pk,
        "the audit",
        lambda error: blinding.fail_audit(audit, error=error, now=timezone.now()),
    )


def _send_wanted(task: Task, row_id: int, what: str, name_fault: Callable[[str], object]) -> None:
    """Send what somebody asked for; where the queue is away, the row says so, so that nobody waits for it."""
    try:
        task.delay_on_commit(row_id)
    except OperationalError as error:
        message = f"The queue's Redis cannot be reached. Start it, then ask for {what} again."
        name_fault(message)
        raise QueueUnreachableError(message) from error


def _count_messages(queue: str) -> int:
    """Messages that wait in a queue of the broker."""
    from studyapp.celery import app

    with app.connection_for_read() as connection, connection.channel() as channel:
        return channel.queue_declare(queue=queue, passive=False, durable=True).message_count
