"""Articles by an arm's model: queue `generation`."""

import logging
from collections.abc import Iterable

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from studyapp.actions import generation
from studyapp.database.clock import read_clock
from studyapp.database.outlasting import DATABASE_AWAY, outlast
from studyapp.tasks.sending import QueueUnreachableError
from studyapp.workers.job_pulse import JobPulse, LostClaimError
from studyapp.workers.stopping import WorkerStoppingError
from studyapp.workers.writing import write_orders

logger = logging.getLogger(__name__)


@shared_task(name="studyapp.tasks.generate_article")
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
