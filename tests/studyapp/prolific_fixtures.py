"""A Prolific of the tests' own, and a study that is linked to it."""

import pytest

from tests.prolific_fake import FakeProlific
from tests.prolific_fake.server import TOKEN


@pytest.fixture
def fake(settings, no_waiting):
    """The stand-in, as the account of the settings."""
    server = FakeProlific()
    settings.PROLIFIC_URL, settings.PROLIFIC_TOKEN, settings.PROLIFIC_TIMEOUT = server.url, TOKEN, 30.0
    settings.SITE_URL = "https://study.example.org"
    yield server
    server.close()


@pytest.fixture
def no_waiting(monkeypatch):
    """Pauses between attempts are kept in a list and not slept."""
    waits = []
    monkeypatch.setattr("studyapp.prolific.desk.PAUSE", waits.append)
    return waits
