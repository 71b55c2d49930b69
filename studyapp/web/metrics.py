"""Numbers for Prometheus at /metrics: requests of this container's processes, and what database and broker say of all.

Without BYLINE_METRICS_TOKEN there is no such page. The numbers of the whole installation are asked for at most once in
CACHE_SECONDS by a process, and are the same from every container: aggregate them by max, and requests by sum.
"""

import logging
import os
import secrets
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from studyapp.models import Candidate, GenerationJob, Participant, Response, TrainingJob
from studyapp.workers.broker import BrokerError, count_waiting, list_workers

logger = logging.getLogger(__name__)
CACHE_SECONDS = 10.0
REGISTRY = CollectorRegistry(auto_describe=True)
REQUESTS = Counter("byline_requests", "Requests answered", ["view", "method", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "byline_request_seconds",
    "From a request's arrival in the process to its answer",
    ["view"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)


def count_request(*, view: str, method: str, status: int, seconds: float) -> None:
    known = method if method in ("GET", "HEAD", "POST") else "other"  # a client may write anything there
    REQUESTS.labels(view, known, str(status)).inc()
    SECONDS.labels(view).observe(seconds)


class Installation(Collector):
    """What database and broker say; a part that does not answer is left out, and `byline_up` says which."""

    def __init__(self) -> None:
        self._kept: tuple[float, list[GaugeMetricFamily]] | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = time.monotonic()
        if self._kept is None or now - self._kept[0] > CACHE_SECONDS:
            self._kept = (now, list(_measure()))
        yield from self._kept[1]


def _measure() -> Iterator[GaugeMetricFamily]:
    up = GaugeMetricFamily("byline_up", "Whether a part answers", labels=["part"])
    for part, ask, fault in (("database", _ask_database, DatabaseError), ("broker", _ask_broker, BrokerError)):
        try:
            told = list(ask())
        except fault as error:
            logger.warning("no numbers of the %s: %s", part, type(error).__name__)
            told = []
        up.add_metric([part], float(bool(told)))
        yield from told
    yield up


def _ask_database() -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily("byline_answers", "Answers stored", value=Response.objects.count())
    yield GaugeMetricFamily("byline_articles_written", "Candidates stored", value=Candidate.objects.count())
    participants = GaugeMetricFamily("byline_participants", "Participants by status", labels=["status"])
    for row in Participant.objects.order_by().values("status").annotate(n=Count("id")):
        participants.add_metric([row["status"]], row["n"])
    yield participants
    jobs = GaugeMetricFamily("byline_jobs", "Jobs by state", labels=["kind", "state"])
    for kind, model in (("generation", GenerationJob), ("training", TrainingJob)):
        counted = dict(model.objects.order_by().values_list("state").annotate(n=Count("id")))
        for state in model.State.values:
            jobs.add_metric([kind, state], counted.get(state, 0))
    yield jobs


def _ask_broker() -> Iterator[GaugeMetricFamily]:
    waiting = GaugeMetricFamily("byline_queue_messages", "Messages that wait in a queue", labels=["queue"])
    for queue, n in count_waiting().items():
        waiting.add_metric([queue], n)
    yield waiting
    workers = GaugeMetricFamily("byline_workers", "Workers alive that take from a queue", labels=["queue"])
    alive = list_workers()
    for queue in count_waiting():
        workers.add_metric([queue], sum(queue in worker.queues for worker in alive))
    yield workers


_installation = Installation()


@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """The page, for who brings the token: `Authorization: Bearer TOKEN`. For everybody else it is not there."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.METRICS_TOKEN
    if not wanted or scheme != "Bearer" or not secrets.compare_digest(token.encode(), wanted.encode()):
        raise Http404
    requests = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # of all processes of this gunicorn
        requests = CollectorRegistry()
        multiprocess.MultiProcessCollector(requests)
    whole = CollectorRegistry(auto_describe=False)
    whole.register(_installation)
    return HttpResponse(generate_latest(requests) + generate_latest(whole), content_type=CONTENT_TYPE_LATEST)
