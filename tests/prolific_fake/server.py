"""The HTTP of the stand-in: the token's check, addresses, pages of lists, faults, and signed webhooks out."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.prolific_fake.faults import Fault
from tests.prolific_fake.records import EVENT_TYPES, Prolific, RefusedRequestError

TOKEN = "a-token-of-the-fake"
ROOT = "/api/v1/"
DEFAULT_PAGE_SIZE = 20


class FakeProlific(ThreadingHTTPServer):
    """Prolific on a port of this machine. `asked` keeps every request as (method, path, body)."""

    daemon_threads = True

    def __init__(self, prolific: Prolific | None = None, *, port: int = 0) -> None:
        self.prolific = prolific or Prolific()
        self.asked, self.faults, self.tokens = [], [], []
        self.most_a_page, self.names_no_end = 100, False
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address) -> None:
        """A client that hung up is what some tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{ROOT}"

    def fail(self, method: str, path: str, **fault) -> None:
        self.faults.append(Fault(method, path, **fault))

    def count(self, method: str, path: str) -> int:
        return sum(asked == method and re.fullmatch(path, where) is not None for asked, where, _ in self.asked)

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def deliver(self, url: str, body: dict, *, secret: str, event_id: str, timestamp: int | None = None) -> int:
        """Send a webhook as Prolific does; the status of the answer."""
        raw = json.dumps(body).encode()
        sent = str(int(time.time()) if timestamp is None else timestamp)
        signature = base64.b64encode(hmac.new(secret.encode(), sent.encode() + raw, hashlib.sha256).digest()).decode()
        headers = {
            "Content-Type": "application/json",
            "X-Prolific-Request-Signature": signature,
            "X-Prolific-Request-Timestamp": sent,
            "X-Event-ID": event_id,
            "X-Timestamp": sent,
        }
        return httpx.post(url, content=raw, headers=headers).status_code

    def describe_change(self, submission_id: str) -> dict:
        submission = self.prolific.submissions[submission_id]
        return {
            "resource_id": submission_id,
            "event_type": "submission.status.change",
            "participant_id": submission["participant"],
            "status": submission["status"],
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        server, parts = self.server, urlsplit(self.path)
        path = parts.path.removeprefix(ROOT)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else {}
        with server.lock:
            server.asked.append((method, path, body))
            server.tokens.append(self.headers.get("Authorization"))
            fault = next((fault for fault in server.faults if fault.matches(method, path)), None)
            if fault:
                fault.times -= 1
            if fault and not fault.has_effect and (fault.status or fault.cut):
                status, content, headers = fault.status or 0, _describe_error(fault.status or 0, "a fault"), {}
            else:
                status, content, headers = self._answer(method, path, query, body)
        if fault:
            status, headers = fault.status or status, {**headers, **fault.headers}
            time.sleep(fault.delay)
        if fault and fault.cut:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self._send(status, content, headers)

    def _answer(self, method: str, path: str, query: dict, body: dict) -> tuple[int, object, dict]:
        if self.headers.get("Authorization") != f"Token {TOKEN}":
            return 401, _describe_error(401, "Authentication credentials were not provided or are invalid."), {}
        try:
            for wanted, pattern, status, act in ROUTES:
                found = re.fullmatch(pattern, path)
                if wanted == method and found:
                    done = act(self, *found.groups(), query=query, body=body)
                    headers = {}
                    if isinstance(done, tuple):
                        done, headers = done
                    return status, done, headers
        except RefusedRequestError as refusal:
            return refusal.status, _describe_error(refusal.status, refusal.detail), {}
        return 404, _describe_error(404, "Not found."), {}

    def page(self, entries: list, query: dict) -> dict:
        size = min(int(query.get("page_size", DEFAULT_PAGE_SIZE)), self.server.most_a_page)
        number, last = int(query.get("page", 1)), max(1, -(-len(entries) // size))
        if number > last:
            raise RefusedRequestError(404, "Invalid page.")
        has_next = number < last or self.server.names_no_end
        href = f"{self.server.url}?page={number + 1}"
        return {
            "results": entries[(number - 1) * size : number * size],
            "_links": {
                "self": {"href": self.path, "title": "Current"},
                "next": {"href": href if has_next else None, "title": "Next"},
                "previous": {"href": None, "title": "Previous"},
                "last": {"href": f"{self.server.url}?page={last}", "title": "Last"},
            },
            "meta": {"count": len(entries)},
        }

    def _send(self, status: int, content: object, headers: dict) -> None:
        payload = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        pass


def _describe_error(status: int, detail: object) -> dict:
    return {
        "error": {
            "status": status,
            "title": "Error",
            "error_code": 140000 + status,
            "detail": detail,
            "additional_information": "/api/v1/errors/",
        }
    }


def _of(handler: _Handler) -> Prolific:
    return handler.server.prolific


ROUTES = [
    ("GET", r"studies/", 200, lambda h, query, body: h.page(list(_of(h).studies.values()), query)),
    ("POST", r"studies/", 201, lambda h, query, body: _of(h).create_study(body)),
    ("GET", r"studies/(\w+)/", 200, lambda h, i, query, body: _of(h).get_study(i)),
    ("GET", r"studies/(\w+)/cost/", 200, lambda h, i, query, body: _of(h).get_cost(i)),
    ("POST", r"studies/(\w+)/transition/", 200, lambda h, i, query, body: _of(h).transition_study(i, body)),
    ("GET", r"submissions/", 200, lambda h, query, body: h.page(_of(h).list_submissions(query["study"]), query)),
    ("POST", r"submissions/bulk-approve/", 200, lambda h, query, body: _of(h).approve_all(body["submission_ids"])),
    ("POST", r"submissions/bonus-payments/", 201, lambda h, query, body: _of(h).set_up_bonuses(body)),
    ("GET", r"submissions/(\w+)/", 200, lambda h, i, query, body: _of(h).get_submission(i)),
    ("POST", r"submissions/(\w+)/transition/", 200, lambda h, i, query, body: _of(h).transition_submission(i, body)),
    ("POST", r"submissions/(\w+)/request-return/", 200, lambda h, i, query, body: _of(h).request_return(i, body)),
    ("POST", r"bulk-bonus-payments/(\w+)/pay/", 202, lambda h, i, query, body: _of(h).pay_bonuses(i)),
    (
        "GET",
        r"hooks/event-types/",
        200,
        lambda h, query, body: {"results": [{"event_type": name, "description": name} for name in EVENT_TYPES]},
    ),
    ("POST", r"hooks/secrets/", 201, lambda h, query, body: _of(h).make_secret(body)),
    (
        "GET",
        r"hooks/subscriptions/",
        200,
        lambda h, query, body: {"results": list(_of(h).subscriptions.values()), "meta": {}},
    ),
    ("POST", r"hooks/subscriptions/", 201, lambda h, query, body: _subscribe(h, body)),
    ("POST", r"hooks/subscriptions/(\w+)/", 200, lambda h, i, query, body: _of(h).confirm(i, body)),
]  # fmt: skip


def _subscribe(handler: _Handler, body: dict) -> tuple[dict, dict]:
    said, secret = _of(handler).subscribe(body)
    return said, {"X-Hook-Secret": secret}
