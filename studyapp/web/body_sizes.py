"""No request is longer than what its sender may upload: a form's file is on the disk before any page looks at it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_FORM = 2**20  # bytes of the fields and marks around a file


class BoundBodies:
    """Middleware, behind that which says who is signed in: 413 for what staff, or everybody else, could not mean."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        said = request.META.get("CONTENT_LENGTH", "")
        length = int(said) if said.isdecimal() else 0  # as Django reads it: without a length, nothing of it is read
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and length > _find_bound(request):
            message = f"This request is too long: {length:,} bytes."
            return HttpResponse(message, status=413, content_type="text/plain")
        return self.get_response(request)


def _find_bound(request: HttpRequest) -> int:
    """A corpus is the largest file that staff upload; nobody else uploads any."""
    if request.user.is_authenticated and request.user.is_staff:
        return int(settings.MAX_CORPUS_FILE_BYTES) + _FORM
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
