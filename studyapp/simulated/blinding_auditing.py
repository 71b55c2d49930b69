"""A blinding audit from the copy to what was found; the copy is removed whatever happens."""

import logging
from collections.abc import Sequence

import httpx
from django.utils import timezone

from studyapp.actions.blinding import (
    AuditRefusedError,
    begin_audit,
    fail_audit,
    finish_audit,
    open_audit_copy,
    record_audit_progress,
    remove_audit_copy,
)
from studyapp.actions.launch import review_readiness
from studyapp.database.outlasting import drop_connection, is_away
from studyapp.domain.blinding_audit import audit_exchanges, audit_walk, audit_words
from studyapp.domain.blinding_codes import audit_codes
from studyapp.domain.blinding_times import TimeComparison, audit_times, compare_times
from studyapp.domain.launch_audit import TOPICS
from studyapp.domain.launch_facts import Finding
from studyapp.models import BlindingAudit, Study
from studyapp.simulated.blinding_walk import REPEATS, PageWalker, Progress, Walk, list_names, list_secrets
from studyapp.simulated.simulation import SimulationError

logger = logging.getLogger(__name__)


def carry_audit_out(audit: BlindingAudit, *, repeats: int = REPEATS, on_progress: Progress | None = None) -> None:
    """Carry an audit out and store what it found; what goes wrong is named on its row.

    Where the database goes away, the row is left as it is: it is sent again once it has been silent for long enough.
    """
    begin_audit(audit, now=timezone.now())

    def tell(done: int, total: int) -> None:
        record_audit_progress(audit, now=timezone.now())
        if on_progress:
            on_progress(done, total)

    try:
        copy = open_audit_copy(audit.study, now=timezone.now())
        try:
            walk = PageWalker(copy, repeats=repeats).walk(tell)
            findings, times = judge_walk(copy, walk)
        finally:
            remove_audit_copy(copy)
    except (AuditRefusedError, SimulationError, httpx.HTTPError) as error:
        fail_audit(audit, error=str(error), now=timezone.now())
        return
    except Exception as error:
        if is_away(error):
            logger.warning("blinding audit %s waits for the database: %s", audit.pk, error)
            drop_connection()
            return
        logger.exception("blinding audit %s failed", audit.pk)
        fail_audit(audit, error=f"{type(error).__name__}: {error}", now=timezone.now())
        return
    finish_audit(audit, [*findings, *audit_texts(audit.study)], numbers=count(walk, times), now=timezone.now())


def judge_walk(copy: Study, walk: Walk) -> tuple[list[Finding], TimeComparison | None]:
    """What the pages tell."""
    times = compare_times(walk.exchanges)
    findings = [
        *audit_exchanges(walk.exchanges),
        *audit_walk(walk.sent),
        *audit_words(walk.sent, names=list_names(copy), secrets=list_secrets(copy)),
        *audit_codes(walk.codes),
        *audit_times(times),
    ]
    return findings, times


def audit_texts(study: Study) -> Sequence[Finding]:
    """What the texts themselves tell: the part of the launch checklist that is about them."""
    return [finding for finding in review_readiness(study) if finding.topic in TOPICS]


def count(walk: Walk, times: TimeComparison | None) -> dict[str, float | int | None]:
    """The numbers of an audit, times in milliseconds."""
    return {
        "pages": len(walk.sent),
        "trials": len(walk.exchanges),
        "fetches": sum(len(exchange.sent) for exchange in walk.exchanges),
        "human_ms": round(1000 * times.human, 3) if times else None,
        "model_ms": round(1000 * times.model, 3) if times else None,
        "difference_ms": round(1000 * times.difference, 3) if times else None,
        "times_p": times.p if times else None,
    }
