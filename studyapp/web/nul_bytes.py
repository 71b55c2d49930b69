"""No address holds a NUL: PostgreSQL takes none in a text, so a look for one would be a fault of ours."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class RefuseNulBytes:
    """Middleware: 400 for what no browser sends of itself. Fields of forms are checked by their forms."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponse("This address holds a NUL character.", status=400, content_type="text/plain")
        return self.get_response(request)
