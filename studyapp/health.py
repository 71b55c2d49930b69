"""Whether this process can answer: used by the process manager, Docker and the demonstration."""

from django.db import connection
from django.http import HttpRequest, HttpResponse


def show_health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers; a fault of the database is the 500 that it deserves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")
