"""What `manage.py check --deploy` says of a site beside Django's own findings."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_proxies(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Behind https there is a proxy; untold, everybody comes from its address and shares one count of sign-ins."""
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "BYLINE_HTTPS is on, so a proxy stands before this site, and BYLINE_TRUSTED_PROXIES does not name it: "
            "everybody seems to come from one address.",
            hint="Set BYLINE_TRUSTED_PROXIES to the proxy's address or network, as 172.16.0.0/12.",
            id="byline.W001",
        )
    ]
