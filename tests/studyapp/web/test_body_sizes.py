"""A request that is too long is refused before anything of it is written to the disk."""

import io

import pytest
from django.core.files import uploadhandler
from django.test import Client

pytestmark = pytest.mark.django_db
PATHS = ("/s/nothing/", "/staff/login/", "/staff/articles/import/", "/hooks/prolific/", "/no/such/page/")


def send(client, path, size):
    file = io.BytesIO(b"x" * size)
    file.name = "file.csv"
    return client.post(path, {"file": file}).status_code


@pytest.fixture
def stored(settings, monkeypatch):
    """The files that were begun on the disk."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.MAX_CORPUS_FILE_BYTES = 2000, 3 * 2**20
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    begun = []
    begin = uploadhandler.TemporaryFileUploadHandler.new_file
    monkeypatch.setattr(
        uploadhandler.TemporaryFileUploadHandler,
        "new_file",
        lambda self, *args, **kwargs: (begun.append(args), begin(self, *args, **kwargs))[1],
    )
    return begun


def test_nobody_without_an_account_has_a_file_written(stored):
    assert {path: send(Client(enforce_csrf_checks=True), path, 3000) for path in PATHS} == dict.fromkeys(PATHS, 413)
    assert stored == []


def test_staff_upload_as_much_as_a_corpus_and_no_more(stored, admin_client):
    assert send(admin_client, "/staff/articles/import/", 3000) == 200  # shown again, with what is wrong with the file
    assert len(stored) == 1
    assert send(admin_client, "/staff/articles/import/", 4 * 2**20 + 1) == 413
    assert len(stored) == 1


@pytest.mark.parametrize("said", ["", "0", "10", "ten"])
def test_what_is_short_goes_on(said):
    assert Client().get("/healthz", CONTENT_LENGTH=said).status_code == 200
