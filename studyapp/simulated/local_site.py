"""The site on a free port of this process, for simulated participants: the real pages, out of others' reach."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler


class _QuietHandler(WSGIRequestHandler):
    """Keeps no access log: a rehearsal asks for thousands of pages."""

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def serve_site() -> Iterator[str]:
    """The site's address while the block runs. It listens on this machine alone, on a port that the system chooses."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), _QuietHandler)
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
