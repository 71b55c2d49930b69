"""While people take part, the staff does not see how well they tell; whoever must, says why, and it is written down."""

from django.db import transaction

from studyapp.actions.audit import record
from studyapp.models import AuditEntry, Export, Study

UNBLINDED = "unblinded"


class StillBlindError(ValueError):
    """Results were asked for while people still take part; the message says what to do."""


def has_been_unblinded(study: Study) -> bool:
    return AuditEntry.objects.filter(study=study, act=UNBLINDED).exists()


def are_results_open(study: Study) -> bool:
    """Whether answers may be looked at: nobody takes part (yet, or any more), nobody real does, or it was unblinded."""
    if study.state != Study.State.LAUNCHED:
        return True
    return not study.participants.filter(simulated=False).exists() or has_been_unblinded(study)


def require_open_results(study: Study) -> None:
    """Let nobody past who would unblind themselves by accident.

    Raises:
        StillBlindError: people take part in the study, and it was not unblinded.
    """
    if not are_results_open(study):
        raise StillBlindError(
            f"People are taking part in {study.slug!r}, and its results are kept from the staff until it is closed. "
            "Close the study, or unblind it with a reason (on its page Export, or by export_study --unblind REASON)."
        )


def may_read_export(export: Export) -> bool:
    """Whether a bundle or its report may be opened: one from before the first person came holds nobody's answers."""
    if are_results_open(export.study):
        return True
    people = export.study.participants.filter(simulated=False)
    return not people.filter(enrolled_at__lte=export.created_at).exists()


@transaction.atomic
def unblind(study: Study, *, reason: str) -> None:
    """Open a launched study's results to its staff before it is closed. Locks the study.

    Where nothing is blind (no people, closed, unblinded before), nothing is done or written down.

    Raises:
        StillBlindError: no reason is given.
    """
    if not reason.strip():
        raise StillBlindError("Say why the results must be seen before the study is closed; the reason is published.")
    study = Study.objects.select_for_update().get(pk=study.pk)
    if not are_results_open(study):
        record(study, UNBLINDED, reason=reason, participants=study.participants.filter(simulated=False).count())
