"""Deleting what its time is over for: by each study's own days, and by rules of the site for what passes through."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from studyapp.actions.audit import record
from studyapp.actions.export import delete_export
from studyapp.domain.data_protection import find_due
from studyapp.models import (
    PlatformIdentity,
    ProlificBonus,
    ProlificSubmission,
    QuestionAnswer,
    SignedEntry,
    Study,
    Trial,
    WebhookEvent,
)
from studyapp.models.participation import say_nothing_given

WEBHOOK_DAYS = 30  # Prolific tries for two days at most


@dataclass(frozen=True)
class Due:
    """Rows whose time is over: how many, of what, and by which rule."""

    what: str
    rule: str
    rows: int
    delete: Callable[[], object]


def list_due(*, now: datetime, ids_of: Collection[str] = ()) -> list[Due]:
    """What `purge` would delete now; `ids_of` are slugs of closed studies whose ids shall go whatever their days."""
    studies = Study.objects.real().filter(state=Study.State.CLOSED).order_by("slug")
    due = [entry for study in studies for entry in _list_due_of(study, now=now, at_once=study.slug in ids_of)]
    return [*due, *_list_due_of_site(now)]


def purge(*, now: datetime, ids_of: Collection[str] = ()) -> list[Due]:
    """Delete all of it, each kind in a transaction of its own; what was deleted. Twice does nothing more."""
    due = list_due(now=now, ids_of=ids_of)
    for entry in due:
        entry.delete()
    return due


def count_ids(study: Study) -> int:
    """The people of a study whose id of a platform is kept."""
    return _identities(study).count()


def _list_due_of(study: Study, *, now: datetime, at_once: bool) -> Iterator[Due]:
    said = study.protection
    ids_at = find_due(closed_at=study.closed_at, days=said.keep_ids_days)
    n_ids = count_ids(study) + ProlificSubmission.objects.filter(link__study=study).count()
    if n_ids and (at_once or (ids_at and ids_at <= now)):
        days = "asked for by hand" if at_once else f"{said.keep_ids_days} days after its closing"
        yield Due(f"{study.slug}: ids of the platform", days, n_ids, lambda: _delete_ids(study, now=now))
    answers_at = find_due(closed_at=study.closed_at, days=said.keep_answers_days)
    n_answers = Trial.objects.filter(participant__study=study).count()
    if n_answers and answers_at and answers_at <= now:
        days = f"{said.keep_answers_days} days after its closing"
        yield Due(f"{study.slug}: trials with their answers", days, n_answers, lambda: _delete_answers(study, now=now))


def _list_due_of_site(now: datetime) -> Iterator[Due]:
    passing: list[tuple[str, str, QuerySet]] = [
        (
            "webhooks of Prolific",
            f"{WEBHOOK_DAYS} days after they came",
            WebhookEvent.objects.filter(received_at__lt=now - timedelta(days=WEBHOOK_DAYS)),
        ),
        (
            "signed links that were used",
            "a day after",
            SignedEntry.objects.filter(first_seen_at__lt=now - timedelta(days=1)),
        ),
        ("sessions of staff", "when they have run out", Session.objects.filter(expire_date__lt=now)),
    ]
    for what, rule, rows in passing:
        if n_rows := rows.count():
            yield Due(what, rule, n_rows, rows.delete)


@transaction.atomic
def _delete_ids(study: Study, *, now: datetime) -> None:
    """The ids of a platform, and the submissions that are named by one; what was paid in all stays. Locks the study."""
    study = Study.objects.select_for_update().get(pk=study.pk)
    ids, _ = _identities(study).delete()
    submissions = ProlificSubmission.objects.filter(link__study=study)
    ProlificBonus.objects.filter(submission__in=submissions).delete()
    n_submissions, _ = submissions.delete()
    Study.objects.filter(pk=study.pk).update(ids_deleted_at=now)
    record(study, "deleted_ids", ids=ids, submissions=n_submissions)


def _delete_answers(study: Study, *, now: datetime) -> None:
    """Everything that people gave to a study; their rows stay as counts, as after a withdrawal. Locks the study.

    The bundles that are kept here go with it, but for those that were made to be published.
    """
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        trials = Trial.objects.filter(participant__study=study)
        n_trials = trials.count()
        trials.delete()
        QuestionAnswer.objects.filter(participant__study=study).delete()
        study.participants.update(**say_nothing_given())
        Study.objects.filter(pk=study.pk).update(answers_deleted_at=now)
        record(study, "deleted_answers", trials=n_trials)
    for export in study.exports.filter(is_public=False):
        delete_export(export)


def _identities(study: Study) -> QuerySet[PlatformIdentity]:
    """A simulated participant's number is nobody's id, and rehearsals need it."""
    return PlatformIdentity.objects.filter(participant__study=study, participant__simulated=False)
