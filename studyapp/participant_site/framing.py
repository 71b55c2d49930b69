"""Studies whose pages stand in another site's frame (MTurk): what a browser must be told, for these studies only.

A frame of another site gets cookies only where they are SameSite=None, Secure and Partitioned, and a page only where
its policy names that site. All other studies keep the strict defaults.
"""

from collections.abc import Callable
from http.cookies import Morsel

from csp.constants import SELF
from django.http import HttpRequest, HttpResponse

from studyapp.recruitment import Adapter


class PartitionedMorsel(Morsel):
    """A cookie that can be Partitioned, which the standard library knows from Python 3.14 on."""

    _reserved = {**Morsel._reserved, "partitioned": "Partitioned"}
    _flags = {*Morsel._flags, "partitioned"}


class FramedStudies:
    """Middleware, outside those that set cookies and frame options, and inside that of the content policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        study = getattr(request, "study", None)  # set where a participant's page finds its study
        if study is not None and study.adapter.frame_ancestors:
            allow_frame(response, study.adapter)
        return response


def allow_frame(response: HttpResponse, adapter: Adapter) -> None:
    """Let a page be shown in the platform's frame, keep its cookies there, and post its last form to it."""
    del response["X-Frame-Options"]
    response._csp_replace = {
        "frame-ancestors": list(adapter.frame_ancestors),
        "form-action": [SELF, *(f"https://{host}" for host in adapter.allowed_hosts)],
    }
    for name, cookie in list(response.cookies.items()):
        dict.__setitem__(response.cookies, name, _partition(cookie))


def _partition(cookie: Morsel) -> Morsel:
    framed: Morsel = PartitionedMorsel()
    framed.set(cookie.key, cookie.value, cookie.coded_value)
    framed.update({name: value for name, value in cookie.items() if value})
    framed.update({"samesite": "None", "secure": True, "partitioned": True})
    return framed
