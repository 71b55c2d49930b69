"""The site's own settings, with sweeps in quick succession and a web process that dies when it is told to."""

import os
from pathlib import Path

from chaos.crash import ORDER
from chaos.marks import mark_work
from studyapp.settings import *  # noqa: F403
from studyapp.settings import CELERY_BEAT_SCHEDULE, MIDDLEWARE, STORAGES

SWEEP_SECONDS = 3.0
CELERY_BEAT_SCHEDULE = {
    **CELERY_BEAT_SCHEDULE,
    "sweep-jobs": {**CELERY_BEAT_SCHEDULE["sweep-jobs"], "schedule": SWEEP_SECONDS},
    "sweep-plans": {**CELERY_BEAT_SCHEDULE["sweep-plans"], "schedule": SWEEP_SECONDS},
    "mark-dropouts": {**CELERY_BEAT_SCHEDULE["mark-dropouts"], "schedule": 20.0},
}
MIDDLEWARE = ["chaos.crash.CrashBeforeRedirect", *MIDDLEWARE]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
mark_work(Path(os.environ[ORDER]))
