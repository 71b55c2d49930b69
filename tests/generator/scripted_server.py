"""An OpenAI-compatible server that says what a test wants it to say, over real HTTP."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = " ".join(f"The harbour counted {number} boats on the morning of day {number}." for number in range(9))


class ScriptedServer(ThreadingHTTPServer):
    """Answers with what `script` says for the n-th request, and keeps what it was asked."""

    def __init__(self):
        self.asked, self.paths, self.keys, self.script = [], [], [], {}
        self.times, self.models = [], (200, {"data": [{"id": "family/large"}, {"id": "family/small"}]}, {})
        self.lock, self.released = threading.Lock(), threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that has gone away is what some tests are about."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def write_late(self, body):
        """As `write`, but only after 40 seconds, or when the test is over."""
        self.released.wait(40)
        return self.write(body)

    def write(self, body):
        """A continuation that holds the seed, so that its draft can be told."""
        text = f" {WORDS} Seed {body.get('seed')} ends."
        if body["max_tokens"] == 1:
            text = " The"
        choice = {"text": text, "message": {"content": f"Article: {text}"}, "finish_reason": "stop"}
        version = f"{body['model']}-2026-01-31"
        return (
            200,
            {"model": version, "choices": [choice], "usage": {"prompt_tokens": 60, "completion_tokens": 123}},
            {},
        )


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            number = len(server.asked)
            server.asked.append(body)
            server.paths.append(self.path)
            server.times.append(time.monotonic())
            server.keys.append(self.headers.get("Authorization"))
        self._answer(*server.script.get(number, server.write)(body))

    def do_GET(self):
        self.server.paths.append(self.path)
        self.server.keys.append(self.headers.get("Authorization"))
        self._answer(*self.server.models)

    def _answer(self, status, content, headers):
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        pass
