"""Requests to Prolific's API: the token on each, patience while it is busy, and errors that say what was done.

The difference that matters where money moves: `NothingDoneError` (it was not carried out), `OutcomeUnknownError` (it
may have been). A call that could do something twice is never repeated after an unknown outcome.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

FIRST_WAIT = 0.5  # seconds before an attempt is repeated; doubled each time
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class ProlificError(RuntimeError):
    """A call that failed; the message is for the researcher."""


class BadTokenError(ProlificError):
    """There is no token, or Prolific does not take it."""


class NotFoundError(ProlificError):
    """Prolific has no such thing, or the token's account may not see it."""


class RefusedError(ProlificError):
    """Prolific understood and said no; nothing was done."""


class NothingDoneError(ProlificError):
    """Prolific was not reached, or was too busy to begin; nothing was done."""


class OutcomeUnknownError(ProlificError):
    """The request went out and no answer told what became of it."""


@dataclass(frozen=True)
class Account:
    """Where Prolific's API is, and who asks. `url` ends with the version; times are in seconds.

    The token goes to the host of `url` and nowhere else: redirects are not followed, and it never travels unencrypted.
    """

    url: str
    token: str = field(repr=False)
    timeout: float = 20.0
    attempts: int = 4
    longest_wait: float = 60.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS):
            raise ValueError(f"BYLINE_PROLIFIC_URL must begin with https://, not {self.url!r}: the token is a secret")
        if not self.token:
            raise BadTokenError("There is no token for Prolific. Set BYLINE_PROLIFIC_TOKEN (or …_FILE), and restart.")


class Transport:
    """One connection to Prolific; used as a context manager, by one thread."""

    def __init__(self, account: Account, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._account, self._pause = account, pause
        self._http = httpx.Client(
            base_url=account.url if account.url.endswith("/") else account.url + "/",
            headers={"Authorization": f"Token {account.token}"},
            timeout=account.timeout,
            follow_redirects=False,
        )

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def read(self, path: str, **parameters: str | int) -> dict[str, Any]:
        """GET; repeated while Prolific is busy, broken or away."""
        return read_object(self.request("GET", path, parameters=parameters, attempts=self._account.attempts))

    def write(
        self, path: str, body: Mapping[str, Any] | None = None, *, method: str = "POST", is_idempotent: bool = False
    ) -> httpx.Response:
        """POST or PATCH; what could be done twice is repeated only while Prolific was certainly not reached."""
        attempts = self._account.attempts
        return self.request(method, path, body=body or {}, attempts=attempts, is_idempotent=is_idempotent)

    def write_once(self, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """POST in a single attempt, whatever comes: for what moves money."""
        return self.request("POST", path, body=body or {}, attempts=1, is_idempotent=False)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str | int] | None = None,
        attempts: int,
        is_idempotent: bool = True,
    ) -> httpx.Response:
        for attempt in range(attempts):
            wait: float = FIRST_WAIT * 2**attempt
            try:
                answer = self._http.request(method, path, json=body, params=parameters)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                failure: ProlificError = NothingDoneError(
                    f"Prolific cannot be reached ({_name(error)}). Nothing was done."
                )
                may_repeat = True
            except httpx.TransportError as error:
                failure = OutcomeUnknownError(f"Prolific did not answer ({_name(error)}).")
                may_repeat = is_idempotent
            else:
                if answer.is_success:
                    return answer
                failure, may_repeat = explain(answer), is_busy(answer, is_idempotent=is_idempotent)
                wait = read_retry_after(answer.headers, otherwise=wait)
            if not may_repeat or attempt + 1 == attempts or wait > self._account.longest_wait:
                raise failure from None
            self._pause(wait)
        raise AssertionError("no attempt was allowed")


def is_busy(answer: httpx.Response, *, is_idempotent: bool) -> bool:
    """Whether the same request may be made again after this answer."""
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return True
    return is_idempotent and answer.status_code >= 500


def explain(answer: httpx.Response) -> ProlificError:
    """The error of an answer that is no success, with what Prolific says in words."""
    code, said = answer.status_code, read_message(answer)
    if code == httpx.codes.UNAUTHORIZED:
        return BadTokenError(f"Prolific does not take our token: {said}. Set a new one in BYLINE_PROLIFIC_TOKEN.")
    if code == httpx.codes.FORBIDDEN:
        return BadTokenError(f"Prolific does not let this token's account do that: {said}.")
    if code == httpx.codes.NOT_FOUND:
        return NotFoundError(f"Prolific does not know it, or this token's account may not see it: {said}.")
    if code == httpx.codes.TOO_MANY_REQUESTS:
        wait = read_retry_after(answer.headers, otherwise=0.0)
        when = f"in {math.ceil(wait)} seconds" if wait else "in a few minutes"
        return NothingDoneError(f"Prolific is too busy and did nothing. Try again {when}.")
    if code >= 500 or code == httpx.codes.REQUEST_TIMEOUT:
        return OutcomeUnknownError(f"Prolific has a fault of its own ({code}: {said}).")
    if answer.is_redirect:
        return RefusedError("Prolific's address leads elsewhere; check BYLINE_PROLIFIC_URL. The token was not sent on.")
    return RefusedError(f"Prolific refused ({code}): {said}.")


def read_message(answer: httpx.Response) -> str:
    """What Prolific says went wrong, in one short line."""
    try:
        content: Any = answer.json()
    except ValueError:
        content = answer.text
    if isinstance(content, Mapping):
        content = content.get("error", content)
    if isinstance(content, Mapping):
        content = content.get("detail") or content.get("message") or content.get("title") or content
    return " ".join(_flatten(content).split())[:300].rstrip(".") or answer.reason_phrase or "no reason given"


def read_retry_after(headers: Mapping[str, str], *, otherwise: float) -> float:
    """Seconds that a refusing server asks to be left alone: Retry-After, as a number or a date."""
    asked = headers.get("Retry-After", "")
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return otherwise


def _flatten(content: Any) -> str:
    if isinstance(content, Mapping):
        return "; ".join(f"{name}: {_flatten(value)}" for name, value in content.items())
    if isinstance(content, list | tuple):
        return "; ".join(_flatten(entry) for entry in content)
    return str(content)


def _name(error: Exception) -> str:
    return type(error).__name__


def read_object(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of a success.

    Raises:
        OutcomeUnknownError: it is none, so what was done cannot be told.
    """
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise OutcomeUnknownError(f"No answer of Prolific's API; check BYLINE_PROLIFIC_URL: {answer.text[:120]!r}.")
    return content
