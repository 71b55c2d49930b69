"""What staff do about a study's queue: try again what failed, and take back what waits."""

from django.db import transaction
from django.db.models import Count, QuerySet

from studyapp.actions.audit import record
from studyapp.actions.generation import GenerationRefusedError
from studyapp.models import Arm, GenerationJob, Study

STOPPED = "stopped by hand before it was written; try again to write it after all"


@transaction.atomic
def retry_failed_jobs(study: Study, *, arm: Arm | None = None) -> list[int]:
    """Queue failed jobs again, of one arm or of all; the ids that are to be sent. Locks the study.

    Raises:
        GenerationRefusedError: the study is no draft.
    """
    failed = _lock_jobs(study, arm).filter(state=GenerationJob.State.FAILED)
    ids = list(failed.values_list("id", flat=True))
    GenerationJob.objects.filter(pk__in=ids).update(state=GenerationJob.State.QUEUED, error="", attempts=0)
    if ids:
        record(study, "retried_jobs", jobs=len(ids), arm=arm.name if arm else "all")
    return ids


@transaction.atomic
def cancel_queued_jobs(study: Study, *, arm: Arm | None = None) -> int:
    """Take back jobs that wait, of one arm or of all; what a worker writes by now is left to it. Locks the study.

    A job that nothing was done for is gone, as if it had not been queued. One that has texts is done with these; one
    that has cost money without any stays as failed.

    Raises:
        GenerationRefusedError: the study is no draft.
    """
    queued = _lock_jobs(study, arm).filter(state=GenerationJob.State.QUEUED)
    rows = GenerationJob.objects.filter(pk__in=list(queued.values_list("id", flat=True)))
    with_texts = [job.pk for job in rows.annotate(n=Count("candidates")).filter(n__gt=0)]
    n_jobs = rows.count()
    done = GenerationJob.State.DONE
    for job in rows.filter(pk__in=with_texts):
        GenerationJob.objects.filter(pk=job.pk).update(state=done, candidates_wanted=job.candidates.count())
    others = rows.exclude(pk__in=with_texts)
    others.filter(cost=0, prompt_tokens=0).delete()
    others.update(state=GenerationJob.State.FAILED, error=STOPPED)
    if n_jobs:
        record(study, "cancelled_jobs", jobs=n_jobs, arm=arm.name if arm else "all")
    return n_jobs


def _lock_jobs(study: Study, arm: Arm | None) -> QuerySet[GenerationJob]:
    study = Study.objects.select_for_update().get(pk=study.pk)
    if not study.is_draft:
        raise GenerationRefusedError(f"The study {study.slug!r} is {study.state}; its texts are frozen.")
    jobs = GenerationJob.objects.of_study(study.pk).select_for_update(of=("self",))
    return jobs if arm is None else jobs.filter(arm=arm)
