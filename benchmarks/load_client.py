"""A browser's stand-in that costs little, since it shares the cores with the server that is measured.

It looks like the part of `httpx.Client` that a simulated participant uses, keeps a connection for each thread and the
cookies for all, follows redirects as a browser does, and notes every request and every page.
"""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

TIMEOUT_SECONDS = 60
MOST_REDIRECTS = 8
IDLE_SECONDS = 1.0  # a server closes a connection that rests for longer; gunicorn after two seconds
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Sight:
    """A page as somebody waited for it: from the click to its last byte, redirects and all.

    `kind` is the method and the step of the address that was asked first; `requests` the seconds of each request.
    """

    kind: str
    begun: float
    ended: float
    requests: tuple[float, ...]
    n_bytes: int

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


@dataclass
class Log:
    """What all clients of a run have seen; appending to a list needs no lock."""

    sights: list[Sight] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """What a server sent last, with the names that httpx has for it."""

    url: str
    status_code: int
    text: str


def name_step(url: str) -> str:
    """Byline's step of an address: /s/STUDY/item/CODE/ is `item`; the entry is `enter`."""
    parts = urlsplit(url).path.strip("/").split("/")
    return parts[2] if len(parts) > 2 else "enter"


class QuickClient:
    """One participant's browser."""

    def __init__(self, base_url: str, log: Log, *, name_page: Any = name_step) -> None:
        self.base_url = base_url
        self._host = urlsplit(base_url).netloc
        self._log = log
        self._name_page = name_page
        self._cookies: dict[str, str] = {}
        self._own = threading.local()

    def get(self, url: str, *, headers: dict[str, str] | None = None) -> Answer:
        return self._see("GET", url, headers=headers)

    def post(self, url: str, *, data: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        return self._see("POST", url, body=urlencode(data), headers={"Content-Type": FORM, **(headers or {})})

    def post_json(self, url: str, told: object) -> Answer:
        return self._see("POST", url, body=json.dumps(told), headers={"Content-Type": "application/json"})

    def __enter__(self) -> "QuickClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _see(self, method: str, url: str, *, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        """A page, with the redirects before it.

        Raises:
            httpx.HTTPError: no answer came, or redirects without an end.
        """
        kind = f"{method} {self._name_page(url)}"
        begun, requests = time.perf_counter(), []
        for _ in range(MOST_REDIRECTS):
            asked = time.perf_counter()
            status, received, content = self._ask(method, url, body=body, headers=headers or {})
            requests.append(time.perf_counter() - asked)
            if status not in (301, 302, 303, 307, 308):
                self._log.sights.append(Sight(kind, begun, time.perf_counter(), tuple(requests), len(content)))
                return Answer(url, status, content.decode())
            url = urljoin(url, received["Location"])
            if status not in (307, 308):
                method, body = "GET", None
                headers = {name: value for name, value in (headers or {}).items() if name != "Content-Type"}
        raise httpx.TooManyRedirects(f"{kind}: more than {MOST_REDIRECTS} redirects, the last to {url}")

    def _ask(self, method: str, url: str, *, body: str | None, headers: dict[str, str]) -> tuple[int, Message, bytes]:
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection = self._connect()
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        try:
            connection.request(method, target, body, {**headers, **(cookies if self._cookies else {})})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._close()
            raise httpx.TransportError(f"{method} {target}: {type(error).__name__}: {error}") from error
        self._own.used = time.monotonic()
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.headers, content

    def _connect(self) -> http.client.HTTPConnection:
        """This thread's connection, a new one where the server may have closed the old."""
        connection = getattr(self._own, "connection", None)
        if connection is not None and time.monotonic() - self._own.used > IDLE_SECONDS:
            self._close()
            connection = None
        if connection is None:
            connection = self._own.connection = http.client.HTTPConnection(self._host, timeout=TIMEOUT_SECONDS)
            self._own.used = time.monotonic()
        return connection

    def _close(self) -> None:
        connection = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()
            self._own.connection = None
