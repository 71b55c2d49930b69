"""How often something may happen from one network address, or to one account, within a while.

Counted in the queue's Redis, so that all web processes see one count; where it does not answer, in this process alone,
so that nobody is kept out by a fault of ours. No address is kept: only a hash of it under the secret key is, and that
goes when its while is over.
"""

import hashlib
import hmac
import ipaddress
import logging
import time
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter as Counts

SILENT_SECONDS = 30.0  # for which a Redis that did not answer is not asked again
_IPV6_NETWORK = 64  # bits that one subscriber has for themselves; the rest is theirs to change at will
logger = logging.getLogger(__name__)


class RateLimits:
    """The counts of this site. A limit is as the package `limits` reads it, "8 per 30 minutes"; "" limits nothing."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._own = Counts(MemoryStorage())
        self._shared: Counts | None = None
        self._asks_again_at = 0.0

    def hit(self, limit: str, *, what: str, whom: str) -> bool:
        """Count one more; False, and uncounted, when that would be too many."""
        return not limit or self._ask(lambda counts: counts.hit(_read(limit), what, _hide(what, whom)))

    def has_room(self, limit: str, *, what: str, whom: str) -> bool:
        """Whether one more may come; it is not counted."""
        return not limit or self._ask(lambda counts: counts.test(_read(limit), what, _hide(what, whom)))

    def forget(self, limit: str, *, what: str, whom: str) -> None:
        """Begin again from nothing."""
        if limit:
            self._ask(lambda counts: bool(counts.clear(_read(limit), what, _hide(what, whom))) or True)

    def reset(self) -> None:
        """Forget what this process has counted."""
        self._own.storage.reset()

    def _ask(self, act: Callable[[Counts], bool]) -> bool:
        if self._uri and time.monotonic() >= self._asks_again_at:
            from redis.exceptions import RedisError

            try:
                if self._shared is None:
                    options = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
                    self._shared = Counts(storage_from_string(self._uri, **options))
                return act(self._shared)
            except (RedisError, OSError) as error:
                logger.warning("Redis does not answer, so rate limits are each process's own: %s", error)
                self._asks_again_at = time.monotonic() + SILENT_SECONDS
        return act(self._own)


@cache
def _read(limit: str) -> RateLimitItem:
    return parse(limit)


def _hide(what: str, whom: str) -> str:
    """Whom a count is of, so that nobody reads it there: an address has so few values that a bare hash tells it."""
    return hmac.new(settings.SECRET_KEY.encode(), f"byline.rate:{what}:{whom}".encode(), hashlib.sha256).hexdigest()[
        :32
    ]


def _find_storage(broker: str) -> str:
    """Where `limits` finds the queue's Redis; "" for a queue of another kind."""
    if broker.startswith("redis+socket://"):
        return "redis+unix://" + broker.removeprefix("redis+socket://")
    return broker if broker.startswith(("redis://", "rediss://")) else ""


rate_limits = RateLimits(_find_storage(settings.CELERY_BROKER_URL))


def find_address(request: HttpRequest) -> str:
    """The address that a request comes from; of IPv6 its subscriber's network. "" where nothing says it.

    What proxies say of it (X-Forwarded-For) is believed of those in BYLINE_TRUSTED_PROXIES alone: read from the right,
    it is the first that is none of them.
    """
    address = request.META.get("REMOTE_ADDR", "")
    told = request.headers.get("X-Forwarded-For", "").split(",")
    while told and _is_trusted(address):
        address = told.pop().strip() or address
    return _name_network(address)


def tells_people_apart(request: HttpRequest) -> bool:
    """Whether the address is a visitor's own: behind a proxy that nobody has told us of, it is everybody's."""
    if "X-Forwarded-For" not in request.headers or settings.TRUSTED_PROXIES:
        return True
    parsed = _parse(request.META.get("REMOTE_ADDR", ""))
    return parsed is not None and parsed.is_global


def _is_trusted(address: str) -> bool:
    parsed = _parse(address)
    if parsed is None:
        return not address and bool(settings.TRUSTED_PROXIES)  # a proxy that comes by a socket has no address
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _name_network(address: str) -> str:
    parsed = _parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
    return str(parsed) if parsed else address[:60]
