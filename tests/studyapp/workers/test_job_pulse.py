"""A worker says that it lives while it opens a model, and by its writing from then on."""

import time

import pytest
from django.db import OperationalError

from studyapp.workers import job_pulse
from studyapp.workers.job_pulse import JobPulse, LostClaimError
from tests.services import wait_until


class Order:
    job_id = 1


@pytest.fixture
def beats(monkeypatch):
    """How many jobs are still the worker's, by beat; and each beat's answer from now on."""
    answers = {"own": 1, "n": 0}

    def record(orders, *, now):
        answers["n"] += 1
        if answers["own"] is None:
            raise OperationalError("gone")
        return answers["own"]

    monkeypatch.setattr(job_pulse, "record_heartbeats", record)
    monkeypatch.setattr(job_pulse, "read_clock", lambda: None)
    monkeypatch.setattr(job_pulse, "HEARTBEAT_SECONDS", 0.01)
    return answers


def test_a_thread_beats_until_the_first_word_and_the_writing_after_it(beats):
    with JobPulse([Order()]) as pulse:
        wait_until(lambda: beats["n"] >= 2, seconds=10, what="two beats while nothing is written")
        pulse.tell(1, 10)
        pulse._thread.join(timeout=10)
        before = beats["n"]
        time.sleep(0.05)
        assert beats["n"] == before, "a worker that hangs is silent"
        pulse.tell(2, 10)
        assert beats["n"] == before + 1


def test_a_lost_claim_ends_the_writing_and_a_database_that_is_away_does_not(beats, monkeypatch):
    monkeypatch.setattr(job_pulse, "drop_connection", lambda: None)
    pulse = JobPulse([Order()])
    for own, is_lost in ((None, False), (1, False), (0, True)):
        beats["own"] = own
        time.sleep(0.02)
        if is_lost:
            with pytest.raises(LostClaimError):
                pulse.tell(1, 10)
        else:
            pulse.tell(1, 10)
    assert beats["n"] == 3
