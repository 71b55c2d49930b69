import time

import pytest
from limits.errors import StorageError

from generator.pacing import LONGEST_WAIT, Pace, RateLimits, TooLargeForLimitError, find_retry_wait, read_duration
from tests.services import redis_address, run_redis


def take(pace, tokens, *, times):
    return [pace.take_turn(tokens=tokens) for _ in range(times)]


def test_without_limits_everybody_goes():
    assert take(Pace("s", RateLimits()), 10**9, times=50) == [0.0] * 50


def test_requests_go_up_to_the_limit_and_then_wait():
    pace = Pace("s", RateLimits(requests_per_minute=3))
    waits = take(pace, 10, times=5)
    assert waits[:3] == [0.0] * 3 and all(wait > 0 for wait in waits[3:])


def test_tokens_are_counted_by_their_number():
    pace = Pace("s", RateLimits(tokens_per_minute=1000, requests_per_minute=100))
    assert take(pace, 400, times=2) == [0.0, 0.0]
    assert pace.take_turn(tokens=300) > 0
    assert pace.take_turn(tokens=200) == 0.0


def test_a_request_that_could_never_go_is_told():
    with pytest.raises(TooLargeForLimitError, match=r"up to 1,001 tokens, and the limit is 1,000 a minute"):
        Pace("s", RateLimits(tokens_per_minute=1000)).take_turn(tokens=1001)


def test_workers_that_share_a_redis_share_the_limit_of_each_server():
    with run_redis():
        limits = RateLimits(requests_per_minute=3, storage=redis_address())
        one, two = Pace("http://a/v1", limits), Pace("http://a/v1", limits)
        assert [one.take_turn(tokens=1), two.take_turn(tokens=1), one.take_turn(tokens=1)] == [0.0] * 3
        assert one.take_turn(tokens=1) > 0 and two.take_turn(tokens=1) > 0
        assert Pace("http://b/v1", limits).take_turn(tokens=1) == 0.0


def test_a_redis_that_is_away_is_an_error_and_no_free_way(tmp_path):
    limits = RateLimits(requests_per_minute=3, storage=f"redis+unix://{tmp_path}/none.sock")
    with pytest.raises(StorageError):
        Pace("s", limits).take_turn(tokens=1)


def test_a_server_that_says_it_is_empty_is_left_alone_until_it_is_filled_up():
    pace = Pace("s", RateLimits())
    pace.heed({"x-ratelimit-remaining-tokens": "900", "x-ratelimit-reset-tokens": "9s"}, tokens=800)
    assert pace.take_turn(tokens=800) == 0.0
    pace.heed({"x-ratelimit-remaining-tokens": "700", "x-ratelimit-reset-tokens": "300ms"}, tokens=800)
    assert 0 < pace.take_turn(tokens=800) <= 0.3
    time.sleep(0.31)
    assert pace.take_turn(tokens=800) == 0.0
    pace.heed({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, tokens=1)
    assert 60 < pace.take_turn(tokens=1) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("120ms", 0.12), ("1m30.5s", 90.5), ("6m0s", 120), ("2", 2), ("", None), ("soon", None), ("1s!", None)],
)
def test_durations_as_servers_write_them(text, seconds):
    assert read_duration(text) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "99999"}, LONGEST_WAIT),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "soon"}, 1),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "9s"}, 9),
        ({"x-ratelimit-remaining-requests": "4", "x-ratelimit-reset-requests": "9s"}, 1),
        ({"Retry-After": "3", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "9s"}, 3),
        ({}, 1),
    ],
)
def test_a_refusal_says_when_to_come_back(headers, seconds):
    assert find_retry_wait(headers, otherwise=1) == seconds
