"""Models trained here: queue `training`, one job after the other of each ladder."""

import logging
from collections.abc import Iterable

from celery import shared_task
from kombu.exceptions import OperationalError

from studyapp.actions import training
from studyapp.database.clock import read_clock
from studyapp.database.outlasting import DATABASE_AWAY, outlast
from studyapp.model_files.shelf import FolderTakenError, hold_folder
from studyapp.tasks.sending import QueueUnreachableError
from studyapp.workers.fine_tuning import tune_order
from studyapp.workers.stopping import WorkerStoppingError
from studyapp.workers.trainer import LostTrainingError, Pulse, train_order

logger = logging.getLogger(__name__)


@shared_task(name="studyapp.tasks.train_rung")
def train_rung(job_id: int) -> None:
    """Train or tune the model of one job, or go on where its last worker was killed; then send the ladder's next.

    A job that is done, another worker's, or not its ladder's next is left alone, however often it is delivered.
    """
    order = training.claim_job(job_id, now=read_clock())
    if order is None:
        return
    try:
        with hold_folder(order.out), Pulse(order) as pulse:
            trained = tune_order(order, pulse) if order.base else train_order(order, pulse)
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
