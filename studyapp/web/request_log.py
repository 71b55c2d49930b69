"""The outermost middleware: gives each request its id, counts it, and writes its line, which names the view and never
the address, in which a participant's own codes stand."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from studyapp.web.metrics import count_request
from studyapp.web.probes import PROBES
from studyapp.web.request_ids import choose_request_id, current

logger = logging.getLogger("studyapp.request")


class RequestLog:
    """X-Request-ID comes back with the answer, so that somebody who reports a fault can name it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        current.set(choose_request_id(request.headers.get("X-Request-ID", "")))
        began = time.perf_counter()
        response = self.get_response(request)
        response.headers["X-Request-ID"] = current.get()
        if not request.path.startswith((*PROBES, settings.STATIC_URL)):
            self._tell(request, response, seconds=time.perf_counter() - began)
        return response

    def _tell(self, request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
        match = request.resolver_match
        view = (match.view_name or "unnamed") if match else "none"
        count_request(view=view, method=request.method or "", status=response.status_code, seconds=seconds)
        facts = {"method": request.method, "view": view, "status": response.status_code, "ms": round(1000 * seconds, 1)}
        logger.info("%(method)s %(view)s %(status)s in %(ms)s ms", facts, extra=facts)


@receiver(request_finished)
def forget_request_id(**_: object) -> None:
    """Only now: Django writes of what was not found after the last middleware has ended."""
    current.set(None)
