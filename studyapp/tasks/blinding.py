"""Blinding audits."""

from celery import shared_task
from django.utils import timezone

from studyapp.actions import blinding
from studyapp.models import BlindingAudit
from studyapp.simulated.blinding_auditing import carry_audit_out
from studyapp.tasks.sending import send_wanted


@shared_task(name="studyapp.tasks.audit_blinding")
def audit_blinding(audit_id: int) -> None:
    """Walk the pages of a study's copy; what is found, or goes wrong, is named on the audit's row."""
    audit = BlindingAudit.objects.select_related("study").filter(pk=audit_id).exclude(state="done").first()
    if audit is not None:
        carry_audit_out(audit)


def send_audit(audit: BlindingAudit) -> None:
    """Hand a blinding audit to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    send_wanted(
        audit_blinding,
        audit.pk,
        "the audit",
        lambda error: blinding.fail_audit(audit, error=error, now=timezone.now()),
    )
