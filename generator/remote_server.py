"""An OpenAI-compatible server over HTTP: one request at a time, at the server's pace, repeated while it is busy."""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import httpx
from limits.errors import StorageError

from generator.pacing import LONGEST_WAIT, Pace, RateLimits, TooLargeForLimitError, find_retry_wait

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
FIRST_WAIT = 0.5  # seconds before an attempt is repeated; doubled each time


class RemoteError(RuntimeError):
    """The server cannot be reached, or refused; the message holds its address and what it said."""


@dataclass(frozen=True)
class Server:
    """An OpenAI-compatible server. `url` ends before `/completions` (as http://host:8000/v1); times are in seconds."""

    url: str
    key: str = field(default="", repr=False)
    timeout: float = 300.0
    attempts: int = 6
    limits: RateLimits = field(default_factory=RateLimits)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"the server's address must begin with http:// or https://, not {self.url!r}")


@dataclass(frozen=True)
class TokenCount:
    """Tokens that a server read and wrote."""

    prompt: int = 0
    completion: int = 0

    def __add__(self, other: "TokenCount") -> "TokenCount":
        return TokenCount(self.prompt + other.prompt, self.completion + other.completion)

    @property
    def total(self) -> int:
        return self.prompt + self.completion


class Ledger(Protocol):
    """Whoever pays. What `reserve` raises ends the writing before the request is made."""

    def reserve(self, most: TokenCount) -> None:
        """Requests are to follow that cost at most so much, beside what was reserved before."""

    def settle(self, spent: TokenCount) -> None:
        """The writing is over: this was spent of all that was reserved, or may have been where no answer came."""


class Spending:
    """What the requests of one article have cost; counted from several threads."""

    def __init__(self) -> None:
        self._lock, self._sum = threading.Lock(), TokenCount()

    @property
    def total(self) -> TokenCount:
        with self._lock:
            return self._sum

    def add(self, count: TokenCount) -> None:
        with self._lock:
            self._sum += count


@lru_cache(maxsize=16)
def find_pace(url: str, limits: RateLimits) -> Pace:
    """The pace of a server, one for all threads of this process."""
    return Pace(url, limits)


class Caller:
    """Makes the requests to one endpoint of a server; its methods may be used by several threads."""

    def __init__(self, server: Server, client: httpx.Client, *, path: str) -> None:
        self.spending = Spending()
        self._server, self._client, self._path = server, client, path
        self._address = f"{server.url.rstrip('/')}/{path}"
        self._pace = find_pace(server.url, server.limits)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let nobody wait or try again."""
        self._stopped.set()

    def ask(self, body: Mapping[str, Any], *, most: TokenCount) -> dict[str, Any]:
        """One request, repeated while the server is busy, broken or away; `most` is what it can cost.

        Raises:
            RemoteError: it refused, every attempt failed, or the request is larger than the limit set for a minute.
        """
        reason, attempts = "", self._server.attempts
        for attempt in range(attempts):
            self._wait_for_turn(most)
            pause = min(FIRST_WAIT * 2**attempt, LONGEST_WAIT)
            answer = self._post(body, most)
            if isinstance(answer, str):
                reason = answer
            elif answer.is_success:
                return self._read(answer, most)
            else:
                reason = f"{answer.status_code} {' '.join(answer.text.split())[:300]}"
                if answer.status_code not in RETRIED_STATUSES:
                    raise RemoteError(f"{self._address} refused: {reason}")
                pause = find_retry_wait(answer.headers, otherwise=pause)
                if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                    self._pace.close(pause)  # for the other threads too: each would only be refused once more
            if self._stopped.wait(0 if attempt + 1 == attempts else pause):
                raise RemoteError(f"{self._address}: stopped")
        raise RemoteError(f"{self._address}: no answer in {attempts} attempts; the last: {reason}")

    def _wait_for_turn(self, most: TokenCount) -> None:
        while True:
            try:
                pause = self._pace.take_turn(tokens=most.total)
            except TooLargeForLimitError as error:
                raise RemoteError(f"{self._address}: {error}") from None
            except StorageError as error:
                raise RemoteError(f"the Redis that counts the requests cannot be reached: {error}") from None
            if self._stopped.is_set() or (pause and self._stopped.wait(pause)):
                raise RemoteError(f"{self._address}: stopped")
            if not pause:
                return

    def _post(self, body: Mapping[str, Any], most: TokenCount) -> httpx.Response | str:
        """The answer, or why none came."""
        self.spending.add(most)  # as long as no answer says less: one that is left behind is paid all the same
        try:
            answer = self._client.post(self._path, json=body)
        except httpx.TransportError as error:
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                self.spending.add(TokenCount(-most.prompt, -most.completion))
            return f"{type(error).__name__}: {error}"
        self.spending.add(TokenCount(-most.prompt, -most.completion))
        return answer

    def _read(self, answer: httpx.Response, most: TokenCount) -> dict[str, Any]:
        self._pace.heed(answer.headers, tokens=most.total)
        try:
            content = answer.json()
        except ValueError:
            raise RemoteError(f"{self._address}: no JSON; is this the right address? {answer.text[:200]}") from None
        if not isinstance(content, dict):
            raise RemoteError(f"{self._address}: not an answer of this kind of server: {str(content)[:200]}")
        self.spending.add(read_usage(content) or most)
        return content


def read_usage(content: Mapping[str, Any]) -> TokenCount | None:
    """What the server says that an answer cost; None where it does not say."""
    usage = content.get("usage")
    if not isinstance(usage, Mapping):
        return None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    if not all(isinstance(count, int | float) and math.isfinite(count) for count in counts[:1]):
        return None
    return TokenCount(int(counts[0] or 0), int(counts[1] or 0))
