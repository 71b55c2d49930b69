"""Reports of bundles."""

import logging
import shutil

from celery import shared_task

from studyapp.actions import export
from studyapp.database.clock import read_clock
from studyapp.database.outlasting import outlast
from studyapp.tasks.sending import send_wanted
from studyapp.workers.sign_of_life import keep_alive

logger = logging.getLogger(__name__)


@shared_task(name="studyapp.tasks.write_report")
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


def send_report(export_id: int) -> None:
    """Hand a wanted report to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    send_wanted(write_report, export_id, "the report", lambda error: export.end_report(export_id, error=error))
