"""Blinding audits: the copy whose pages a bot walks, which leaves nothing behind, and what an audit came to."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from studyapp.actions.audit import record
from studyapp.actions.rehearsal import RehearsalRefusedError, make_copy
from studyapp.domain.article_text import count_words
from studyapp.domain.launch_facts import Finding
from studyapp.models import AuditEntry, BlindingAudit, Stimulus, Study, Trial

KIND = "audit"  # in the slug of a copy
STALE = timedelta(hours=6)  # a copy that is older was left by an audit that was cut off
SAME_TEXT = "\n\n".join(f"Part {number} of what is shown. It says the same of every story." for number in range(1, 11))


class AuditRefusedError(ValueError):
    """The study's pages cannot be audited; the message says why."""


@transaction.atomic
def request_audit(study: Study, *, now: datetime) -> BlindingAudit:
    """Keep that an audit is wanted. Locks nothing: every request is a row of its own.

    Raises:
        AuditRefusedError: the study is a copy itself, or lacks texts.
    """
    if study.is_rehearsal:
        raise AuditRefusedError(f"{study.slug!r} is a copy; audit the study that it is a copy of.")
    wanted = study.items.count() * (study.arms.count() + 1)
    if not wanted or Stimulus.objects.filter(item__study=study).count() < wanted:
        raise AuditRefusedError("The study has not all its texts yet: generate, then select.")
    return BlindingAudit.objects.create(study=study, created_at=now, texts_sha256=hash_stimuli(study))


def hash_stimuli(study: Study) -> str:
    """The name of all texts of a study as they are now."""
    stimuli = Stimulus.objects.filter(item__study=study).order_by("item__article__ref", "arm__name")
    rows = stimuli.values_list("item__article__ref", "arm__name", "sha256")
    return hashlib.sha256("\n".join(f"{ref}\x1f{arm}\x1f{sha}" for ref, arm, sha in rows).encode()).hexdigest()


def begin_audit(audit: BlindingAudit, *, now: datetime) -> None:
    """Say that a bot is on its way; the texts are those of now."""
    audit.state, audit.texts_sha256 = BlindingAudit.State.RUNNING, hash_stimuli(audit.study)
    audit.heartbeat_at = now
    audit.save(update_fields=["state", "texts_sha256", "heartbeat_at"])


def record_audit_progress(audit: BlindingAudit, *, now: datetime) -> None:
    """Say that the bot is still on its way."""
    BlindingAudit.objects.filter(pk=audit.pk).update(heartbeat_at=now)


@transaction.atomic
def open_audit_copy(study: Study, *, now: datetime) -> Study:
    """A launched copy with one place in every cell, in which every text has the same words. Locks nothing.

    Copies that audits before it have left because they were cut off are removed.

    Raises:
        AuditRefusedError: the study is not ready.
    """
    for stale in Study.objects.filter(rehearsal_of=study, slug__contains=f"-{KIND}-", created_at__lt=now - STALE):
        remove_audit_copy(stale)
    try:
        copy = make_copy(study, per_cell=1, now=now, kind=KIND, shows_all_at_once=True)
    except RehearsalRefusedError as error:
        raise AuditRefusedError(str(error)) from None
    Stimulus.objects.filter(item__study=copy).update(text=SAME_TEXT, words=count_words(SAME_TEXT))
    return copy


@transaction.atomic
def remove_audit_copy(copy: Study) -> None:
    """Delete a copy with everybody in it, and what was written down of its making. Locks nothing."""
    AuditEntry.objects.filter(study=copy).delete()
    copy.delete()


@transaction.atomic
def exchange_text(trial: Trial, *, source: str) -> None:
    """Show a trial of an audit's copy with the other source's text; of a pair, with that source's text first."""
    if trial.beside_id is not None:
        Trial.objects.filter(pk=trial.pk).update(first=source)
        return
    arm = None if source == "human" else trial.participant.assignment.arm
    stimulus = Stimulus.objects.get(item_id=trial.stimulus.item_id, arm=arm)
    Trial.objects.filter(pk=trial.pk).update(stimulus=stimulus)


@transaction.atomic
def finish_audit(
    audit: BlindingAudit, findings: Sequence[Finding], *, numbers: dict[str, Any], now: datetime
) -> BlindingAudit:
    """Store what an audit found. Locks nothing."""
    audit.state, audit.finished_at, audit.numbers = BlindingAudit.State.DONE, now, numbers
    audit.findings = [asdict(finding) for finding in findings]
    audit.passed = all(finding.level != "refuse" for finding in findings)
    audit.save()
    record(audit.study, "audited_blinding", passed=audit.passed, audit=audit.pk)
    return audit


def fail_audit(audit: BlindingAudit, *, error: str, now: datetime) -> None:
    """Say on the row why an audit came to no end."""
    audit.state, audit.finished_at, audit.error = BlindingAudit.State.FAILED, now, error[:5000]
    audit.save()
