"""How fast a server is asked: a limit of our own on requests and tokens a minute, and the server's word on its own.

The limit is counted by `limits` with a sliding window, in this process or in a Redis that many processes share. Most
OpenAI-compatible servers tell in headers what they still allow (`x-ratelimit-remaining-tokens`) and when that is
filled up again (`x-ratelimit-reset-tokens`, as 6m0s), and in Retry-After when to come back.
"""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

LONGEST_WAIT = 120.0  # seconds that a server's word is followed at once
POLL_SECONDS = 0.5  # between two looks whether the limit has room
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class TooLargeForLimitError(ValueError):
    """A single request is larger than the limit allows in a minute; the message says by how much."""


@dataclass(frozen=True)
class RateLimits:
    """What may be asked of a server in a minute; None does not limit.

    `storage` counts: `memory://` for this process alone, or a Redis (`redis://host:6379/0`, `redis+unix:///socket`)
    for all that use it.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    storage: str = "memory://"


class Pace:
    """The turns of one server: who may ask it now. Used by many threads."""

    def __init__(self, server: str, limits: RateLimits) -> None:
        self._server, self._limits = server, limits
        self._limited: list[tuple[str, RateLimitItemPerMinute]] = [
            (what, RateLimitItemPerMinute(amount, namespace="byline"))
            for what, amount in (("tokens", limits.tokens_per_minute), ("requests", limits.requests_per_minute))
            if amount
        ]
        storage = storage_from_string(limits.storage, wrap_exceptions=True) if self._limited else None
        self._limiter = SlidingWindowCounterRateLimiter(storage) if storage else None
        self._lock = threading.Lock()
        self._closed_until = 0.0  # of time.monotonic()

    def take_turn(self, *, tokens: int) -> float:
        """0 when a request of so many tokens may go now (it is then counted), else the seconds to wait before asking.

        Raises:
            TooLargeForLimitError: it could never go.
            limits.errors.StorageError: the shared count cannot be reached.
        """
        with self._lock:
            closed = self._closed_until - time.monotonic()
            if closed > 0:
                return closed
            if self._limiter is None:
                return 0.0
            costs = [(item, what, tokens if what == "tokens" else 1) for what, item in self._limited]
            for item, what, cost in costs:
                if cost > item.amount:
                    raise TooLargeForLimitError(
                        f"one request needs up to {cost:,} {what}, and the limit is {item.amount:,} a minute; raise it"
                    )
            if not all(self._limiter.test(item, self._server, what, cost=cost) for item, what, cost in costs):
                return POLL_SECONDS
            # another process may have come between: what is then counted in vain only slows us
            taken = [self._limiter.hit(item, self._server, what, cost=cost) for item, what, cost in costs]
            return 0.0 if all(taken) else POLL_SECONDS

    def close(self, seconds: float) -> None:
        """Let nobody of this process ask the server for so long."""
        with self._lock:
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def heed(self, headers: Mapping[str, str], *, tokens: int) -> None:
        """Close until the server is filled up again, when it says that another request like this has no room."""
        for what, needed in (("requests", 1), ("tokens", tokens)):
            try:
                remaining = int(headers.get(f"x-ratelimit-remaining-{what}", ""))
            except ValueError:
                continue
            if remaining < needed:
                self.close(read_duration(headers.get(f"x-ratelimit-reset-{what}", "")) or 0.0)


def find_retry_wait(headers: Mapping[str, str], *, otherwise: float) -> float:
    """The seconds that a refusing server asks to be left alone: Retry-After, as a number or a date, else the time until
    its exhausted limit is filled up; at most `LONGEST_WAIT`."""
    asked = headers.get("Retry-After", "")
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            seconds = _find_reset(headers) or otherwise
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _find_reset(headers: Mapping[str, str]) -> float | None:
    waits = [
        read_duration(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0"
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def read_duration(text: str) -> float | None:
    """Seconds of `6m0s`, `120ms` or `1.5`, at most `LONGEST_WAIT`; None for anything else."""
    parts = _DURATION_PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return min(sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts), LONGEST_WAIT)
    try:
        return min(max(float(text), 0.0), LONGEST_WAIT)
    except ValueError:
        return None
