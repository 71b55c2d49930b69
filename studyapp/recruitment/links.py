"""Addresses that participants are sent to: https, on a host that is allowed, with places that are filled safely."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

DEAD_HOSTS = {  # hosts that answer no more, and what stands there now
    "app.prolific." + "co": "app.prolific.com",
    "www.prolific." + "co": "www.prolific.com",
    "prolific." + "co": "www.prolific.com",
    "prolific.ac": "www.prolific.com",
    "app.prolific.ac": "app.prolific.com",
}
_HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)+[a-z][a-z0-9-]{0,62}")
_PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
_PLACEHOLDER = re.compile(r"\{\{.*\}\}|\$\{.*\}|%.*%|\[.*\]|\{.*\}", flags=re.DOTALL)


def is_placeholder(value: str) -> bool:
    """Whether a parameter is what a platform would have replaced, as `{{%PROLIFIC_PID%}}` or `%SURVEY_CODE%`."""
    return _PLACEHOLDER.fullmatch(value.strip()) is not None


def is_allowed(url: str, hosts: Iterable[str]) -> bool:
    """Whether an address is https on one of these hosts, and names no user and no port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or "@" in parts.netloc or port not in (None, 443) or "\\" in url:
        return False
    return any(host == allowed or (allowed[:2] == "*." and host.endswith(allowed[1:])) for allowed in hosts)


def check_host(host: str) -> str:
    """The host as it is.

    Raises:
        ValueError: it is no name of a host, or one that is dead; the message says what to write.
    """
    if host in DEAD_HOSTS:
        raise ValueError(f"{host} is dead; write {DEAD_HOSTS[host]}")
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is no name of a host; write it as panel.example.com or *.example.com")
    return host


def check_link(template: str, *, hosts: Iterable[str], places: Iterable[str]) -> str:
    """The address of a link, whose `places` in braces are filled later.

    Raises:
        ValueError: it is not https, leads to a host that is not allowed, or has a place that nothing fills.
    """
    host = _find_host(template)
    if host in DEAD_HOSTS:
        raise ValueError(f"leads to {host}, which is dead; write {DEAD_HOSTS[host]} in its place")
    allowed, known = list(hosts), list(places)
    if not template.startswith("https://"):
        raise ValueError(f"{template!r} must begin with https://")
    if not is_allowed(template, allowed):
        shown = ", ".join(allowed) or "none"
        raise ValueError(
            f"leads to {host or template}; allowed are {shown}. List another in hosts, if participants may go there"
        )
    if unknown := sorted(set(_PLACE.findall(template)) - set(known)):
        raise ValueError(f"nothing fills {{{unknown[0]}}}; its places can be {', '.join(f'{{{n}}}' for n in known)}")
    return template


def fill_link(template: str, places: Mapping[str, str]) -> str:
    """The address with its places filled; a value can add nothing to it but itself."""
    return _PLACE.sub(lambda place: quote(places.get(place[1], ""), safe=""), template)


def _find_host(template: str) -> str:
    try:
        return urlsplit(template).hostname or ""
    except ValueError:
        return ""
