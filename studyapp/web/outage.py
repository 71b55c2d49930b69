"""What a visitor is told while the database is away: 503, that nothing is lost, and their form again to be sent."""

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.views.defaults import server_error

from studyapp.database.outlasting import is_away

RETRY_SECONDS = 5
LONGEST_FORM = 20_000  # characters that are shown again; raters' forms are far below


def show_fault(request: HttpRequest) -> HttpResponse:
    """In place of Django's page for any fault: where the database is away, that page says what to do."""
    return show_outage(request) if is_away(sys.exc_info()[1]) else server_error(request)


def show_outage(request: HttpRequest) -> HttpResponse:
    """The page that says to try again, in the browser's language: the study, and with it theirs, cannot be asked.

    What a participant has just sent is on the page once more, for browsers that run no script of ours; an answer is
    stored once, however often it comes.
    """
    if request.path.startswith(("/api/", "/hooks/")):
        said = {"error": "The database cannot be reached.", "do": "Try again in a few seconds."}
        response: HttpResponse = JsonResponse(said, status=503)
    else:
        is_raters = request.path.startswith("/s/")
        language = translation.get_language_from_request(request) if is_raters else "en"
        with translation.override(language):
            context = {"fields": _read_form(request) if is_raters else [], "is_post": request.method == "POST"}
            response = render(request, "503.html", context, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    add_never_cache_headers(response)
    return response


def _read_form(request: HttpRequest) -> list[tuple[str, str]]:
    """What was sent, field by field; nothing where it cannot be read or is no form of ours."""
    try:
        fields = [(name, value) for name, values in request.POST.lists() for value in values]
    except UnreadablePostError:
        return []
    return fields if sum(len(value) for _, value in fields) <= LONGEST_FORM else []
