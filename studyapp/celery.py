"""The Celery application: `celery -A studyapp worker -Q generation,light`, and one of `training` alone."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")

app = Celery("studyapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["studyapp"])


@app.on_after_finalize.connect
def add_pulse(**_: Any) -> None:
    """Loaded with the worker's tasks, since it reads the settings."""
    from studyapp.workers import stopping  # noqa: F401  its page of memory must be there before the children are
    from studyapp.workers.worker_pulse import WorkerPulse

    app.steps["consumer"].add(WorkerPulse)


@worker_process_init.connect
def limit_threads(**_: object) -> None:
    """Share the cores among the worker's processes: each would otherwise start a thread for every core."""
    os.environ.setdefault("OMP_NUM_THREADS", os.environ.get("BYLINE_TORCH_THREADS", "1"))


@setup_logging.connect
def write_log_as_the_site_does(**_: Any) -> None:
    """Celery would add lines of its own making, in which nothing is redacted."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
