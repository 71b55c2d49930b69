"""The settings of a site that others can reach: what Django's own check says of them, and which secrets they refuse."""

import runpy
from pathlib import Path

import pytest
from django.conf import settings as current
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client, override_settings

PATH = Path(__file__).resolve().parent.parent.parent / "studyapp/settings.py"
KEY = "3kqf8-Xa9zPqLm27vBtr6Wy0uEno4sDiHc51gUjK_FOyTZRMe2Qx7"
PUBLIC = {
    "BYLINE_HTTPS": "true", "BYLINE_HOSTS": "study.example.org", "BYLINE_ORIGINS": "https://study.example.org",
    "BYLINE_TRUSTED_PROXIES": "172.16.0.0/12", "BYLINE_SECRET_KEY": KEY,
}  # fmt: skip


@pytest.fixture
def read(monkeypatch, tmp_path):
    def read_settings(**environment):
        monkeypatch.setenv("BYLINE_HOME", str(tmp_path))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return {name: value for name, value in runpy.run_path(str(PATH)).items() if name.isupper()}

    return read_settings


def check(read_settings):
    kinds = (
        "SECURE_",
        "SESSION_",
        "CSRF_",
        "X_FRAME",
        "DEBUG",
        "ALLOWED_HOSTS",
        "SECRET_KEY",
        "SILENCED",
        "HTTPS",
        "TRUSTED",
    )
    with override_settings(**{name: value for name, value in read_settings.items() if name.startswith(kinds)}):
        call_command("check", deploy=True, fail_level="WARNING")


def test_the_check_for_deployment_finds_nothing_at_a_public_site(read, monkeypatch):
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)  # the browser tests' own
    public = read(**PUBLIC)
    check(public)
    assert public["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert public["SESSION_COOKIE_SECURE"] and public["CSRF_COOKIE_SECURE"] and public["SECURE_SSL_REDIRECT"]
    assert "*" not in public["ALLOWED_HOSTS"]


def test_the_check_wants_to_know_the_proxy(read):
    with pytest.raises(SystemCheckError) as error:
        check(read(**{**PUBLIC, "BYLINE_TRUSTED_PROXIES": ""}))
    assert "byline.W001" in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"BYLINE_SECRET_KEY": "change-me"}, "BYLINE_SECRET_KEY is one that anybody could guess"),
        ({"BYLINE_SECRET_KEY": "Ab3xQ9-"}, "BYLINE_SECRET_KEY has 7 characters"),
        ({"BYLINE_TRUSTED_PROXIES": "all"}, "BYLINE_TRUSTED_PROXIES"),
        ({"BYLINE_ENTRY_LIMIT": "many"}, "BYLINE_ENTRY_LIMIT is 'many'; write it as"),
        ({"BYLINE_DEBUG": "true"}, "BYLINE_DEBUG must be off"),
    ],
)
def test_what_would_leave_a_public_site_open_is_refused(read, changes, said):
    with pytest.raises(ImproperlyConfigured, match=said):
        read(**{**PUBLIC, **changes})


def test_one_machine_alone_starts_without_a_word(read):
    alone = read()
    assert len(alone["SECRET_KEY"]) > 50
    assert current.SECURE_SSL_REDIRECT is False


def test_secrets_come_from_files_too(read, tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    assert read(BYLINE_SECRET_KEY="", BYLINE_SECRET_KEY_FILE=str(tmp_path / "key"))["SECRET_KEY"] == KEY


def test_an_unlisted_host_and_a_plain_request_get_nothing(client, settings):
    settings.ALLOWED_HOSTS = ["study.example.org"]
    assert client.get("/staff/login/", headers={"Host": "evil.example"}).status_code == 400
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/staff/login/", headers={"Host": "study.example.org"})
    assert (answer.status_code, answer["Location"]) == (301, "https://study.example.org/staff/login/")
