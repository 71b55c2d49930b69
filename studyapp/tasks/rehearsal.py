"""Rehearsals by robots, with the report of what they answered."""

from celery import shared_task
from django.utils import timezone

from studyapp.actions import rehearsal
from studyapp.simulated.rehearsing import carry_rehearsal_out
from studyapp.tasks.export import write_report
from studyapp.tasks.sending import send_wanted


@shared_task(name="studyapp.tasks.rehearse")
def rehearse(rehearsal_id: int) -> None:
    """Carry a rehearsal out against a site of this worker's own; what goes wrong is named on its row."""
    carry_rehearsal_out(rehearsal_id, write_report=write_report)


def send_rehearsal(rehearsal_id: int) -> None:
    """Hand a rehearsal to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    send_wanted(
        rehearse,
        rehearsal_id,
        "the rehearsal",
        lambda error: rehearsal.fail_rehearsal(rehearsal_id, error=error, now=timezone.now()),
    )
