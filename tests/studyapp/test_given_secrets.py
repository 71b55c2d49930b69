"""Secrets from the environment, from files and from /run/secrets; weak ones are refused, and none is ever told."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from studyapp.given_secrets import read_secret, refuse_weak
from studyapp.made_secrets import SECRETS, keep_secrets

GOOD = "kV3x9Qm2tY7pLw8RzB4nHs6Jd1Fc5GaU0eX2vT8yK4mN7qW1zC"


def test_the_environment_goes_before_a_named_file_and_that_before_a_mounted_one(monkeypatch, tmp_path):
    assert read_secret("BYLINE_X", mounted=tmp_path) == ""
    (tmp_path / "byline_x").write_text("mounted\n")
    assert read_secret("BYLINE_X", mounted=tmp_path) == "mounted"
    (tmp_path / "file").write_text("named\n")
    monkeypatch.setenv("BYLINE_X_FILE", str(tmp_path / "file"))
    assert read_secret("BYLINE_X", mounted=tmp_path) == "named"
    monkeypatch.setenv("BYLINE_X", "given")
    assert read_secret("BYLINE_X", mounted=tmp_path) == "given"


def test_a_named_file_that_is_not_there_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("BYLINE_X_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match=r"BYLINE_X_FILE: the file .*absent cannot be read"):
        read_secret("BYLINE_X", mounted=tmp_path)


@pytest.mark.parametrize(
    "weak",
    ["", "byline", "postgres", "Password123!", "changeme", "django-insecure-0123456789abcdefghij", "a" * 40, "x1y2z3k"],
)
def test_what_anybody_could_guess_is_refused_without_being_told(weak):
    with pytest.raises(ImproperlyConfigured, match="BYLINE_X") as refused:
        refuse_weak("BYLINE_X", weak, least=12)
    assert not weak or weak not in str(refused.value)
    assert "openssl rand" in str(refused.value)


def test_secrets_are_made_once_for_their_owner_and_given_ones_taken(monkeypatch, tmp_path):
    keep_secrets(tmp_path)
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert made.keys() == {*(name.removeprefix("BYLINE_").lower() for name in SECRETS), "redis.conf"}
    assert len(set(made.values())) == len(made)
    assert all(file.stat().st_mode & 0o777 == 0o400 for file in tmp_path.iterdir() if file.name != "redis.conf")
    assert made["redis.conf"] == f'requirepass "{made["broker_password"]}"\n'
    keep_secrets(tmp_path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == made, "a restart changes none"
    monkeypatch.setenv("BYLINE_SECRET_KEY", GOOD)
    keep_secrets(tmp_path)
    assert (tmp_path / "secret_key").read_text() == GOOD
    monkeypatch.setenv("BYLINE_DATABASE_PASSWORD", "postgres")
    with pytest.raises(ImproperlyConfigured, match="BYLINE_DATABASE_PASSWORD is one that anybody could guess"):
        keep_secrets(tmp_path)
    monkeypatch.setenv("BYLINE_DATABASE_PASSWORD", 'long "enough" but quoted')
    with pytest.raises(ImproperlyConfigured, match="quotation mark"):
        keep_secrets(tmp_path)


def load_settings(home, **given):
    """What loading the settings of a server prints."""
    bare = {
        name: value for name, value in os.environ.items() if not name.startswith(("BYLINE_", "DATABASE_", "DJANGO_"))
    }
    code = (
        "from studyapp import settings as s; print(s.LOGGING['handlers']['stderr']['formatter'], s.CELERY_BROKER_URL)"
    )
    environment = {**bare, "BYLINE_HOME": str(home), "BYLINE_SERVER": "true", **given}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)


def test_a_server_starts_with_strong_secrets_alone(tmp_path):
    database = {"DATABASE_URL": "postgres://byline:byline@postgres/byline"}
    refused = load_settings(tmp_path, BYLINE_SECRET_KEY=GOOD, BYLINE_ID_KEY=GOOD, **database)
    assert "BYLINE_DATABASE_PASSWORD is one that anybody could guess" in refused.stderr
    (tmp_path / "broker").write_text("p/ss word")
    taken = load_settings(
        tmp_path,
        BYLINE_SECRET_KEY=GOOD,
        BYLINE_ID_KEY=GOOD,
        BYLINE_DATABASE_PASSWORD=GOOD,
        BYLINE_BROKER_URL="redis://redis:6379/0",
        BYLINE_BROKER_PASSWORD_FILE=str(tmp_path / "broker"),
        **database,
    )
    assert taken.stdout.split() == ["json", "redis://:p%2Fss%20word@redis:6379/0"], taken.stderr
    assert not {"secret_key", "id_key"} & {file.name for file in tmp_path.iterdir()}, "a server makes none up"
