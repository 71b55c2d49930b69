from unittest.mock import Mock

import pytest
from django.db import OperationalError

from studyapp.workers import sign_of_life
from studyapp.workers.sign_of_life import keep_alive
from tests.services import wait_until

pytestmark = pytest.mark.django_db


def test_work_is_kept_alive_till_it_ends_through_a_database_that_is_away(monkeypatch):
    monkeypatch.setattr(sign_of_life, "EVERY_SECONDS", 0.01)
    beat = Mock(side_effect=[OperationalError("gone"), *[None] * 1000])
    with keep_alive(beat):
        wait_until(lambda: beat.call_count >= 3, seconds=10, what="beats go on")
    n = beat.call_count
    assert beat.call_count == n
