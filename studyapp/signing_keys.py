"""The public keys by which a platform signs its links, fetched from its JWKS address and kept for a while.

Keys are fetched at the first need, again when they are half a day old, and when a token names a key that is not among
them; never more often than every `REST_SECONDS`, whoever asks. Keys that could not be renewed serve until they are a
day old, and no longer.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
from django.conf import settings

FRESH_SECONDS, OLDEST_SECONDS = 12 * 3600, 24 * 3600
REST_SECONDS = 30.0
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
MOST_BYTES = 200_000

logger = logging.getLogger(__name__)


class KeysUnavailableError(RuntimeError):
    """The platform's keys cannot be had now, so nothing can be verified; trying again later may help."""


def fetch_keys(url: str) -> dict[str, Any]:
    """The RSA signing keys at a JWKS address, by their ids.

    Raises:
        KeysUnavailableError: there was no answer, or none with keys.
    """
    try:
        answer = httpx.get(url, timeout=TIMEOUT, follow_redirects=False, headers={"Accept": "application/json"})
        answer.raise_for_status()
        if len(answer.content) > MOST_BYTES:
            raise ValueError(f"{len(answer.content)} bytes are too many for a set of keys")
        entries = answer.json()["keys"]
        usable = [entry for entry in entries if entry.get("kty") == "RSA" and entry.get("use", "sig") == "sig"]
        keys = {entry["kid"]: jwt.PyJWK(entry, algorithm="RS256").key for entry in usable if entry.get("kid")}
    except (httpx.HTTPError, jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeysUnavailableError(f"{url}: {type(error).__name__}: {error}") from error
    if not keys:
        raise KeysUnavailableError(f"{url}: there is no RSA key for signatures in it")
    return keys


class SigningKeys:
    """The keys of one address, shared by the threads of a process."""

    def __init__(
        self,
        url: str,
        *,
        fetch: Callable[[str], dict[str, Any]] = fetch_keys,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._fetch, self._clock = url, fetch, clock
        self._lock = threading.Lock()
        self._keys: dict[str, Any] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, kid: str) -> Any:
        """The public key of that id; None when the platform has none such.

        Raises:
            KeysUnavailableError: there are no keys, or only ones that are too old.
        """
        with self._lock:
            age = self._clock() - self._fetched_at
            if age > FRESH_SECONDS or kid not in self._keys:
                self._renew()
            if self._clock() - self._fetched_at > OLDEST_SECONDS:
                raise KeysUnavailableError(f"{self._url} has given no keys for a day")
            return self._keys.get(kid)

    def _renew(self) -> None:
        """Fetch the keys, unless they were asked for a moment ago; what goes wrong is logged."""
        now = self._clock()
        if now - self._tried_at < REST_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = self._fetch(self._url)
        except KeysUnavailableError as error:
            logger.error("the keys of signed links could not be fetched: %s", error)
        else:
            self._fetched_at = now


@functools.cache
def open_keys(url: str) -> SigningKeys:
    return SigningKeys(url)


def find_prolific_key(kid: str) -> Any:
    """Prolific's public key of that id, None when it has none such.

    Raises:
        KeysUnavailableError: Prolific's keys cannot be had now.
    """
    return open_keys(settings.PROLIFIC_JWKS_URL).find(kid)
