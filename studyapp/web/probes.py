"""The pages that machines ask for: /healthz, /readyz and /metrics.

Prometheus and Kubernetes find a container by its address and name that address as the host, which no setting can list
beforehand. Nothing in these answers hangs on the host, so for them alone it is not held against BYLINE_HOSTS.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PROBES = ("/healthz", "/readyz", "/metrics")


class AnswerByAddress:
    """Stands before everything that looks at the host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in PROBES:
            request.META["HTTP_HOST"] = "localhost"
        return self.get_response(request)
