"""Who may ask the API, and how it answers: by token only, in JSON, and never from a cache.

Cookies are not looked at, so there is nothing to forge a request with. A wrong token costs its sender's address one of
`FAILURES`; a right one is always served, since nobody can guess 256 bits and many people may share one address.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from studyapp.actions.api_tokens import find_token
from studyapp.actions.audit import acting_as
from studyapp.actions.roles import list_visible_studies
from studyapp.database.outlasting import DATABASE_AWAY
from studyapp.models import ApiToken, Study
from studyapp.web.rate_limits import find_address, rate_limits

logger = logging.getLogger(__name__)
FAILURES = "20 per minute"  # of one address
ADDRESSES = ("GET /api/studies/", "GET /api/studies/SLUG/progress.json", "GET /api/studies/SLUG/bundle.zip")


class ApiError(Exception):
    """An answer that is no success: a status, what is wrong, and what to do about it."""

    def __init__(self, status: int, error: str, *, do: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.do, self.headers = status, error, do, headers or {}

    def as_response(self) -> HttpResponse:
        return JsonResponse({"error": self.error, "do": self.do}, status=self.status, headers=self.headers)


def for_token(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that is given the request's token. What goes wrong in it is answered in JSON."""

    @csrf_exempt
    @wraps(view)
    def answered(request: HttpRequest, **arguments: Any) -> HttpResponse:
        try:
            if request.method not in ("GET", "HEAD"):
                raise ApiError(405, "The API only answers questions.", do="use GET", headers={"Allow": "GET, HEAD"})
            token = _authenticate(request)
            with acting_as(token.owner):
                response = view(request, token, **arguments)
        except ApiError as error:
            response = error.as_response()
        except DATABASE_AWAY:  # studyapp.web.outage says so
            raise
        except Exception:
            logger.exception("the API failed at %s", request.path)
            fault = ApiError(500, "Byline failed at this.", do="read the site's log, and report what it says")
            response = fault.as_response()
        response["Cache-Control"] = "no-store, private"
        patch_vary_headers(response, ["Authorization"])
        return response

    return answered


@csrf_exempt
def refuse_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    """For every address below /api/ that there is not."""
    response = ApiError(404, f"There is no {request.path}.", do=f"use one of: {'; '.join(ADDRESSES)}").as_response()
    response["Cache-Control"] = "no-store, private"
    return response


def list_studies(token: ApiToken) -> QuerySet[Study]:
    """The studies that a token's owner may look at."""
    return list_visible_studies(token.owner)


def find_study(token: ApiToken, slug: str) -> Study:
    """The study of an address.

    Raises:
        ApiError: there is none that the token's owner may look at.
    """
    study = list_studies(token).filter(slug=slug).first()
    if study is None:
        raise ApiError(404, f"There is no study {slug!r}.", do="see which there are: GET /api/studies/")
    return study


def read_flag(request: HttpRequest, name: str) -> bool:
    """A parameter that is 1 or 0 (or not there, which is 0).

    Raises:
        ApiError: it is something else.
    """
    value = request.GET.get(name, "0")
    if value not in ("0", "1"):
        raise ApiError(400, f"{name} is {value!r}.", do=f"write {name}=1 or {name}=0")
    return value == "1"


def check_parameters(request: HttpRequest, *known: str) -> None:
    """Refuse what would be ignored: a misspelt `public` must not hand out the full bundle.

    Raises:
        ApiError: a parameter is not known, or stands there twice.
    """
    for name, values in request.GET.lists():
        if name not in known:
            there = f"the parameters are {', '.join(known)}" if known else "leave it out; there are no parameters here"
            raise ApiError(400, f"There is no parameter {name!r}.", do=there)
        if len(values) > 1:
            raise ApiError(400, f"{name} stands there {len(values)} times.", do="give it once")


def _authenticate(request: HttpRequest) -> ApiToken:
    """The token of the request's header.

    Raises:
        ApiError: there is none, or no usable one, or too many were wrong.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = find_token(text.strip(), now=timezone.now()) if scheme.lower() == "bearer" else None
    if token is not None:
        return token
    challenge = {"WWW-Authenticate": 'Bearer realm="Byline"'}
    page = f"{settings.SITE_URL}/staff/tokens/"
    if not scheme:
        raise ApiError(
            401, "No token was sent.", do=f"send the header Authorization: Bearer TOKEN; make one at {page}",
            headers=challenge,
        )  # fmt: skip
    if not rate_limits.hit(FAILURES, what="api", whom=find_address(request)):
        raise ApiError(
            429, "Too many wrong tokens came from this address.", do="wait a minute, then send a right one",
            headers={"Retry-After": "60"},
        )  # fmt: skip
    raise ApiError(
        401, "The token is wrong, expired or revoked, or its owner may not sign in any more.",
        do=f"make a new one at {page}, and send it as Authorization: Bearer TOKEN", headers=challenge,
    )  # fmt: skip
