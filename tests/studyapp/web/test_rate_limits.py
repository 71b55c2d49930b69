"""Counts of addresses and accounts: shared by processes where Redis answers, and naming nobody."""

import pytest
import redis
from django.conf import settings
from django.test import RequestFactory

from studyapp.settings import read_networks
from studyapp.web.rate_limits import RateLimits, find_address, tells_people_apart
from tests.services import redis_address, run_redis

TWICE = "2 per minute"


def ask(address, forwarded="", **headers):
    if forwarded:
        headers["HTTP_X_FORWARDED_FOR"] = forwarded
    return RequestFactory().get("/", REMOTE_ADDR=address, **headers)


@pytest.fixture
def proxies(settings, monkeypatch):
    monkeypatch.setenv("PROXIES", "10.0.0.0/8, fd00::/8")
    settings.TRUSTED_PROXIES = read_networks("PROXIES")


@pytest.mark.parametrize(
    ("request_", "address"),
    [
        (ask("203.0.113.7"), "203.0.113.7"),
        (ask("203.0.113.7", "198.51.100.1"), "203.0.113.7"),  # said by somebody whom we do not trust
        (ask("10.0.0.2", "198.51.100.1"), "198.51.100.1"),
        (ask("10.0.0.2", "1.1.1.1, 198.51.100.1, 10.9.9.9"), "198.51.100.1"),  # the first was said by the visitor
        (ask("10.0.0.2"), "10.0.0.2"),
        (ask("", "198.51.100.1"), "198.51.100.1"),
        (ask("fd00::1", "2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64"),
        (ask("::ffff:203.0.113.7"), "203.0.113.7"),
        (ask("10.0.0.2", "\x00nonsense"), "\x00nonsense"),
    ],
)
def test_the_address_is_the_first_that_is_no_proxy_of_ours(proxies, request_, address):
    assert find_address(request_) == address


def test_behind_a_proxy_that_nobody_told_of_all_look_alike(settings, proxies):
    assert tells_people_apart(ask("10.0.0.2", "198.51.100.1"))
    settings.TRUSTED_PROXIES = []
    assert not tells_people_apart(ask("10.0.0.2", "198.51.100.1"))
    assert tells_people_apart(ask("9.9.9.9", "198.51.100.1")) and tells_people_apart(ask("192.168.1.20"))


@pytest.fixture(scope="module")
def server():
    with run_redis():
        yield redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET))


def test_processes_share_one_count_that_names_nobody_and_ends(server):
    first, second = (RateLimits(redis_address()) for _ in range(2))
    others = set(server.keys("LIMITS*"))  # of tests before this one, whose limits may be longer
    assert [limits.hit(TWICE, what="x", whom="203.0.113.7") for limits in (first, second, first)] == [True, True, False]
    assert second.hit(TWICE, what="x", whom="203.0.113.8") and second.hit("", what="x", whom="203.0.113.7")
    keys = set(server.keys("LIMITS*")) - others
    assert keys and not any(b"203.0.113" in key for key in keys)
    assert all(0 < server.ttl(key) <= 180 for key in keys)
    second.forget(TWICE, what="x", whom="203.0.113.7")
    assert first.has_room(TWICE, what="x", whom="203.0.113.7")


def test_without_redis_each_process_counts_for_itself_and_nobody_waits_for_it(tmp_path, monkeypatch):
    limits = RateLimits(f"redis+unix://{tmp_path}/nothing.sock")
    assert [limits.hit(TWICE, what="x", whom="a") for _ in range(3)] == [True, True, False]
    monkeypatch.setattr(redis.Redis, "execute_command", None)  # it is not even asked again
    assert not limits.has_room(TWICE, what="x", whom="a")
