"""Public keys from a real server on a real port; time is ours."""

import json

import pytest

from studyapp.signing_keys import KeysUnavailableError, SigningKeys, fetch_keys
from tests.studyapp.prolific_links import KeyServer, describe_key, make_key

HOUR = 3600.0


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def server():
    with KeyServer("first") as server:
        yield server


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(server, clock):
    return SigningKeys(server.url, clock=clock)


def test_keys_are_asked_for_once_and_kept(keys, server):
    for _ in range(5):
        assert keys.find("first") == make_key("first").public_key()
    assert server.asked == 1


def test_keys_are_renewed_before_they_are_a_day_old(keys, server, clock):
    keys.find("first")
    clock.now += 13 * HOUR
    keys.find("first")
    assert server.asked == 2


def test_a_new_key_is_found_at_once_and_a_flood_of_unknown_ones_asks_seldom(keys, server, clock):
    keys.find("first")
    server.names.append("second")
    clock.now += 31
    assert keys.find("second") == make_key("second").public_key()
    for number in range(100):
        assert keys.find(f"unknown-{number}") is None
    assert server.asked == 2
    clock.now += 31
    assert keys.find("unknown") is None
    assert server.asked == 3


def test_a_key_that_was_withdrawn_opens_no_longer(keys, server, clock):
    keys.find("first")
    server.names[:] = ["second"]
    clock.now += 13 * HOUR
    assert keys.find("first") is None


def test_a_server_that_is_down_is_asked_again_later_and_old_keys_serve_for_a_day(keys, server, clock, caplog):
    keys.find("first")
    server.answer = (503, b"down")
    clock.now += 13 * HOUR
    assert keys.find("first") == make_key("first").public_key()
    assert "could not be fetched" in caplog.text
    clock.now += 12 * HOUR
    with pytest.raises(KeysUnavailableError, match="no keys for a day"):
        keys.find("first")
    server.answer = None
    clock.now += 31
    assert keys.find("first") == make_key("first").public_key()


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (302, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": []}'),
        (200, b'{"keys": [3]}'),
        (200, b'{"keys": [{"kty": "RSA", "kid": "x", "use": "sig"}]}'),
        (200, json.dumps({"keys": [{**describe_key("first"), "use": "enc"}]}).encode()),
        (200, b" " * 300_000),
    ],
)
def test_an_answer_without_keys_is_no_answer(server, answer):
    server.answer = answer
    with pytest.raises(KeysUnavailableError):
        fetch_keys(server.url)


def test_nobody_there_is_no_answer():
    with KeyServer() as gone:
        url = gone.url
    with pytest.raises(KeysUnavailableError):
        fetch_keys(url)
