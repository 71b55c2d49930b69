"""Simulations of a study's power."""

import logging

from celery import shared_task
from django.utils import timezone

from studyapp.actions import planning
from studyapp.database.outlasting import outlast
from studyapp.tasks.sending import send_wanted

logger = logging.getLogger(__name__)


@shared_task(name="studyapp.tasks.simulate_power")
def simulate_power(run_id: int) -> None:
    """Simulate a study's power; what goes wrong is named on the run's row."""
    run = planning.begin_power(run_id, now=timezone.now())
    if run is None:
        return
    from analysis.power import plan_power

    def tell(done: int, total: int) -> None:
        outlast(lambda: planning.record_power_progress(run_id, done=done, now=timezone.now()))

    try:
        answer = plan_power(run.parameters, on_progress=tell)
        picture = answer.picture.svg.decode()
        now = timezone.now()
        outlast(
            lambda: planning.finish_power(run_id, result=answer.results, table=answer.csv, picture=picture, now=now)
        )
    except Exception as error:
        logger.exception("power simulation %s failed", run_id)
        planning.fail_power(run_id, error=f"{type(error).__name__}: {error}", now=timezone.now())


def send_power(run_id: int) -> None:
    """Hand a simulation to the workers.

    Raises:
        QueueUnreachableError: it was not sent, and its row says so.
    """
    send_wanted(
        simulate_power,
        run_id,
        "the simulation",
        lambda error: planning.fail_power(run_id, error=error, now=timezone.now()),
    )
