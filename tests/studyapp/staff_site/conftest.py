"""What the tests of the researcher's pages share: folders of their own, and a queue that only takes notes."""

import pytest

from studyapp.tasks.export import write_report
from studyapp.tasks.generation import generate_article


@pytest.fixture
def sent(monkeypatch):
    """The ids that would go to the broker, instead of going there."""
    ids = []
    monkeypatch.setattr(generate_article, "delay_on_commit", ids.append)
    monkeypatch.setattr(write_report, "delay_on_commit", ids.append)
    return ids


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.EXPORTS_DIR, settings.REPORTS_DIR = tmp_path / "exports", tmp_path / "reports"
    settings.MODELS_DIR = tmp_path / "models"
    settings.HUGGING_FACE_CACHE = tmp_path / "cache"
    settings.HELD_UPLOADS_DIR = tmp_path / "held"
