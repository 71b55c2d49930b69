"""Beat goes on when somebody sets the machine's clock back."""

from datetime import timedelta

import pytest
from celery import Celery

from studyapp.workers.beat import SteadyScheduler


@pytest.fixture
def open_beat(tmp_path):
    app = Celery("beat", broker="memory://")
    app.conf.beat_schedule = {"sweep": {"task": "sweep", "schedule": 0.01}}

    def open_it():
        scheduler = SteadyScheduler(app=app, schedule_filename=str(tmp_path / "schedule"))
        scheduler.sent = []
        scheduler.apply_entry = lambda entry, producer=None: scheduler.sent.append(entry.name)
        scheduler.producer = None
        return scheduler

    return open_it


def put_ahead(scheduler):
    """As a clock that was an hour ahead has left it."""
    for entry in scheduler.schedule.values():
        entry.last_run_at = entry.default_now() + timedelta(hours=1)


def run_for(scheduler, seconds=5.0):
    import time

    deadline = time.monotonic() + seconds
    while not scheduler.sent and time.monotonic() < deadline:
        time.sleep(min(max(scheduler.tick(), 0.005), 0.05))
    return scheduler.sent


def test_a_clock_that_is_set_back_delays_nothing(open_beat):
    scheduler = open_beat()
    put_ahead(scheduler)
    assert scheduler.tick() > 20
    assert scheduler.sent == []
    scheduler._wall_ahead += 3600  # so far the wall clock had been an hour ahead of now
    assert run_for(scheduler) == ["sweep"]
    scheduler.close()


def test_nor_does_one_that_was_set_back_while_beat_was_down(open_beat):
    scheduler = open_beat()
    put_ahead(scheduler)
    scheduler.close()
    assert run_for(open_beat()) == ["sweep"]
