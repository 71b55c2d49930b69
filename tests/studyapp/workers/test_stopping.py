"""A worker that ends finishes or gives back: in the task, and with a real worker (slow)."""

import signal
import time

import pytest

from studyapp.actions.generation import claim_jobs, queue_jobs
from studyapp.models import GenerationJob
from studyapp.tasks.generation import generate_article
from studyapp.workers import stopping
from tests.studyapp.study_rows import NOW, make_draft, write_candidate


@pytest.fixture(autouse=True)
def nobody_ends():
    yield
    stopping._DEADLINE.pack_into(stopping._page, 0, 0.0)


def test_work_goes_on_until_the_time_is_up(settings):
    stopping.give_back_when_stopping(at_once=True)
    settings.STOP_SECONDS = 60
    stopping.begin_to_stop()
    stopping.give_back_when_stopping()
    with pytest.raises(stopping.WorkerStoppingError):
        stopping.give_back_when_stopping(at_once=True)
    first = stopping._DEADLINE.unpack_from(stopping._page)
    stopping.begin_to_stop()
    assert stopping._DEADLINE.unpack_from(stopping._page) == first, "a second signal does not move the moment"
    stopping._DEADLINE.pack_into(stopping._page, 0, time.monotonic() - 1)
    with pytest.raises(stopping.WorkerStoppingError):
        stopping.give_back_when_stopping()


@pytest.mark.django_db
def test_what_is_written_stays_and_the_rest_goes_back_as_it_was(monkeypatch, settings):
    settings.STOP_SECONDS = 0
    sent = []
    monkeypatch.setattr(generate_article, "delay", sent.append)

    def write_one_and_be_told_to_end(orders, *, on_written, on_refused, on_progress):
        on_written(orders[0], [write_candidate(seed, words=60) for seed in orders[0].seeds])
        stopping.begin_to_stop(sig=signal.SIGTERM)
        on_progress(1, 2)

    monkeypatch.setattr("studyapp.tasks.generation.write_orders", write_one_and_be_told_to_end)
    study = make_draft(n_items=3)
    job_ids = queue_jobs(study)
    generate_article(job_ids[0])
    batch = list(GenerationJob.objects.filter(arm=GenerationJob.objects.get(pk=job_ids[0]).arm).order_by("pk"))
    assert [job.state for job in batch] == ["done", "queued", "queued"]
    assert [(job.attempts, job.claim) for job in batch[1:]] == [(0, "")] * 2
    assert sorted(sent) == [job.pk for job in batch[1:]]
    assert claim_jobs(sent[0], now=NOW), "another worker takes it up at once"
