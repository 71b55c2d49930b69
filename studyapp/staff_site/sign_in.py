"""How often a password may be wrong: django-axes asks here, and nothing of a sign-in is stored.

Three counts, each with a limit of its own in the settings: of one account from one address, of one account from
wherever, and from one address whatever the account.
"""

from collections.abc import Iterator
from typing import Any

from axes.handlers.base import AxesHandler
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from studyapp.web.rate_limits import find_address, rate_limits


class SignInLimits(AxesHandler):
    """django-axes' part that remembers failures."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return not all(rate_limits.has_room(**count) for count in _list_counts(request, credentials))

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
    ) -> None:
        if request is None:
            return
        if not self.is_locked(request, credentials):  # else it was refused unread, and counts no more
            for count in _list_counts(request, credentials):
                rate_limits.hit(**count)
        if self.is_locked(request, credentials):
            request.axes_locked_out = True  # type: ignore[attr-defined]
            request.axes_credentials = credentials  # type: ignore[attr-defined]

    def user_logged_in(self, sender: object, request: HttpRequest, user: User, **_: Any) -> None:
        for count in _list_counts(request, {"username": user.get_username()}):
            if count["what"] == "sign-in":
                rate_limits.forget(**count)


def _list_counts(request: HttpRequest, credentials: dict[str, Any] | None) -> Iterator[dict[str, str]]:
    name = str((credentials or {}).get("username") or request.POST.get("username") or "").strip().casefold()
    address = find_address(request)
    yield {"limit": settings.SIGN_IN_LIMIT, "what": "sign-in", "whom": f"{name}\x1f{address}"}
    yield {"limit": settings.SIGN_IN_ACCOUNT_LIMIT, "what": "sign-in-account", "whom": name}
    yield {"limit": settings.SIGN_IN_ADDRESS_LIMIT, "what": "sign-in-address", "whom": address}


@csp_update(settings.STAFF_CONTENT_SECURITY_POLICY)
def refuse_sign_in(request: HttpRequest, _response: HttpResponse | None, _credentials: object) -> HttpResponse:
    """What somebody sees who has been wrong too often: the same whether there is such an account or not."""
    return render(request, "staff_site/locked_out.html", {"title": "Too many wrong passwords"}, status=429)
