"""How gunicorn serves the site, wherever it is started in this folder: processes, threads, log, end, numbers."""

import logging.config
import os
import shutil
import tempfile

_numbers = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if not _numbers:  # before anything loads prometheus_client, which looks once; of this gunicorn alone
    _numbers = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="byline-numbers-")

workers = int(os.environ.get("BYLINE_WEB_PROCESSES", "2"))
threads = int(os.environ.get("BYLINE_WEB_THREADS", "4"))
preload_app = True  # loaded once: its memory is shared, and a fault in the settings ends the start with its message
graceful_timeout = 30  # seconds that requests have to end in; compose waits longer
control_socket_disable = True
accesslog = None  # it would hold addresses of participants; studyapp.web.request_log writes a line a request


def on_starting(server):
    """Gunicorn's own lines go the way of the site's."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    from django.conf import settings

    server.log.error_log.handlers.clear()
    logging.config.dictConfig(settings.LOGGING)


def child_exit(server, worker):
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    shutil.rmtree(_numbers, ignore_errors=True)
