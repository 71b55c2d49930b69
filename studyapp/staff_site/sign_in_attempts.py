"""Counting failed sign-ins without keeping from where they came: what django-axes is given in place of the truth.

It counts by account and address, so the address is needed to tell one guesser from another, and nothing else of it:
a keyed mark in the form of an address serves as well, and nobody can read the address from it.
"""

import hashlib
import hmac
import ipaddress
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.http import HttpRequest


def disguise_address(request: HttpRequest) -> str:
    """A private IPv6 address (RFC 4193) that stands for the visitor's own."""
    address = request.META.get("REMOTE_ADDR", "")
    mark = hmac.new(settings.SECRET_KEY.encode(), f"sign-in\x1f{address}".encode(), hashlib.sha256).digest()
    return str(ipaddress.IPv6Address(b"\xfd" + mark[:15]))


def describe_visitor(username: str | None, *_: object) -> str:
    """Who failed, as the log says it: the account that was tried."""
    return f"account {username!r}"


class NamelessAttempts(AxesDatabaseHandler):
    """Keeps neither the browser's name nor what it accepts; an account and its count are enough."""

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        if request is not None:
            request.axes_user_agent = request.axes_http_accept = ""
        super().user_login_failed(sender, credentials, request, **kwargs)
