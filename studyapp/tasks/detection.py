"""Machine detectors: queue `generation`, where the models and the accelerators are."""

import logging

from celery import shared_task
from django.utils import timezone

from studyapp.actions import detection
from studyapp.database.clock import read_clock
from studyapp.database.outlasting import DATABASE_AWAY, outlast
from studyapp.tasks.sending import send_wanted
from studyapp.workers.detecting import LostDetectionError, carry_detection_out
from studyapp.workers.sign_of_life import keep_alive
from studyapp.workers.stopping import WorkerStoppingError

logger = logging.getLogger(__name__)


@shared_task(name="studyapp.tasks.detect_texts")
def detect_texts(run_id: int) -> None:
    """Score a study's texts by machine detectors; what goes wrong is named on the run's row."""
    order = detection.claim_run(run_id, now=read_clock())
    if order is None:
        return
    try:
        with keep_alive(lambda: detection.record_progress(order, now=read_clock())):
            carry_detection_out(order)
    except LostDetectionError:
        logger.warning("the detectors of run %s were taken over by another worker, or deleted", run_id)
    except WorkerStoppingError:
        logger.info("the detectors of run %s go back to the queue: this worker ends", run_id)
        detection.return_run(order)
        detect_texts.delay(run_id)
    except DATABASE_AWAY:  # for very long: the sweep sends the run again, which goes on behind its last part
        logger.exception("the detectors of run %s are left to the sweep", run_id)
    except Exception as error:  # a bad checkpoint, two tokenizers: named, and not retried
        logger.exception("the detectors of run %s failed", run_id)
        message = f"{type(error).__name__}: {error}"
        outlast(lambda: detection.fail_run(order, error=message, now=read_clock()))


def send_detection(run_id: int) -> None:
    """Hand a run of the detectors to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    send_wanted(
        detect_texts,
        run_id,
        "the detectors",
        lambda error: detection.fail_unsent_run(run_id, error=error, now=timezone.now()),
    )
