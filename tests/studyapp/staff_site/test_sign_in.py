"""Guessing a password: how often, from where, and that nothing of it is kept."""

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import User

from studyapp.web.rate_limits import rate_limits

pytestmark = pytest.mark.django_db
LOGIN = "/staff/login/"


@pytest.fixture(autouse=True)
def limits(settings):
    settings.SIGN_IN_LIMIT, settings.SIGN_IN_ACCOUNT_LIMIT, settings.SIGN_IN_ADDRESS_LIMIT = (
        "3 per minute",
        "5 per minute",
        "6 per minute",
    )
    rate_limits.reset()
    for name in ("anna", "ben"):
        User.objects.create_user(name, password="right-and-long", is_staff=True)
    yield
    rate_limits.reset()


def sign_in(client, name, password="wrong", address="203.0.113.1"):
    return client.post(LOGIN, {"username": name, "password": password}, REMOTE_ADDR=address).status_code


def test_an_account_is_shut_to_an_address_that_was_wrong_too_often_and_to_no_other(client):
    assert [sign_in(client, "anna") for _ in range(4)] == [200, 200, 429, 429]
    assert sign_in(client, "ANNA ", "right-and-long") == 429
    assert sign_in(client, "anna", "right-and-long", address="203.0.113.2") == 302
    assert sign_in(client, "ben", "right-and-long") == 302


def test_many_addresses_or_many_accounts_do_not_help(client):
    assert [sign_in(client, "anna", address=f"198.51.100.{n}") for n in range(6)][-1] == 429
    assert [sign_in(client, f"guess-{n}", address="198.51.100.99") for n in range(7)][-1] == 429


def test_a_right_password_clears_what_the_account_was_wrong_from_there(client):
    for _ in range(2):
        assert [sign_in(client, "anna"), sign_in(client, "anna", "right-and-long")] == [200, 302]


def test_no_address_and_no_browser_is_stored_and_the_answer_tells_of_no_account(client):
    for name in ("anna", "nobody"):
        pages = [client.post(LOGIN, {"username": name, "password": "wrong"}, REMOTE_ADDR="192.0.2.1") for _ in range(3)]
        assert "Too many wrong passwords" in pages[-1].text and name not in pages[-1].text
        assert "'unsafe-eval'" in pages[-1]["Content-Security-Policy"]  # else its frame's script leaves it blurred
        rate_limits.reset()
    sign_in(client, "anna", "right-and-long")
    assert [model.objects.count() for model in (AccessAttempt, AccessLog, AccessFailureLog)] == [0, 0, 0]
