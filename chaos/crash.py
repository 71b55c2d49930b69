"""A web process that is killed at the worst moment: an answer is stored, and its redirect was never sent."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from django.http import HttpRequest, HttpResponse

ORDER = "BYLINE_CHAOS_ORDERS"  # the folder in which the harness asks for it


def order_crash(folder: Path) -> Path:
    """Ask for one crash; the file is gone once it has happened."""
    path = folder / "crash"
    path.touch()
    return path


class CrashBeforeRedirect:
    """Middleware: after the next stored answer, the process that stored it is gone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._order = Path(os.environ[ORDER]) / "crash"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        has_answered = request.method == "POST" and "judgment" in request.POST and response.status_code == 302
        if has_answered and self._order.exists():
            try:
                self._order.unlink()
            except FileNotFoundError:  # another process was quicker
                return response
            os.kill(os.getpid(), signal.SIGKILL)
        return response
