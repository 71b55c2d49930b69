"""Prolific's signed links: the token that it adds to a link, verified without network and without a clock of its own.

The token is a JWT (RS256). Its `prolific` claim repeats every parameter of the link, `sub` is the submission, `aud` is
the study's external address, and it is good for two minutes. Keys and time are given: `find_key` returns the public key
of a key id, or None where there is none of that id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from jwt.types import Options

from studyapp.domain.sentences import Sentence
from studyapp.recruitment.adapter import EntryError

TOKEN_PARAM = "prolific_token"  # noqa: S105 - the name of a parameter
ISSUER = "https://www.prolific.com"
ALGORITHM = "RS256"
LEEWAY = timedelta(seconds=30)  # that Prolific's clock and ours may differ
MOST_TOKEN = 8192  # characters; longer ones are not read at all
PROLIFICS_OWN = ("workspace_id", "organisation_id")  # claims that are no parameters of the link
FindKey = Callable[[str], Any]
_OPTIONS: Options = {
    "require": ["iss", "iat", "exp", "aud", "sub"],
    # these are checked here, by the clock and the rule that are given
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}


_TOO_LATE = Sentence(
    "This link is no longer valid: it is good for two minutes. Please open the study from its page on Prolific again."
)
_NOT_VERIFIED = Sentence("This link could not be verified. Please open the study from its page on Prolific again.")


class TokenError(EntryError):
    """A signed link that opens nothing. `reason` is for the log; the message tells the visitor what to do."""

    def __init__(self, reason: str, *, is_late: bool = False) -> None:
        super().__init__(_TOO_LATE if is_late else _NOT_VERIFIED)
        self.reason = reason


@dataclass(frozen=True)
class VerifiedToken:
    """What Prolific vouches for."""

    session_id: str
    issued_at: datetime
    expires_at: datetime


def verify_token(
    token: str, *, parameters: Mapping[str, str], host: str, find_key: FindKey, now: datetime
) -> VerifiedToken:
    """Check the token of a link: its signature, issuer, time and audience, and that it is of this very query.

    `parameters` is the whole query of the link, the token among it. `host` is the name under which participants reach
    this site.

    Raises:
        TokenError: it is missing, forged, late, for another site, or of another query.
    """
    claims = _read_claims(token, find_key=find_key)
    issued_at, expires_at = _read_time(claims, "iat"), _read_time(claims, "exp")
    if now > expires_at + LEEWAY:
        raise TokenError(f"expired at {expires_at.isoformat()}", is_late=True)
    if issued_at > now + LEEWAY or expires_at < issued_at:
        raise TokenError(f"issued at {issued_at.isoformat()}, in the future; is this server's clock right?")
    audience = claims.get("aud")
    if not isinstance(audience, str) or _find_host(audience) != host.lower():
        raise TokenError(f"for {_find_host(str(audience))!r}, and this site is {host!r} (BYLINE_SITE_URL)")
    _compare_query(claims, parameters)
    return VerifiedToken(session_id=claims["sub"], issued_at=issued_at, expires_at=expires_at)


def _read_claims(token: str, *, find_key: FindKey) -> dict[str, Any]:
    """The claims under a right signature; which algorithm is used is ours to say, never the token's."""
    if not token or len(token) > MOST_TOKEN:
        raise TokenError("no token" if not token else "too long for a token")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenError(f"unreadable: {error}") from None
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(kid, str):
        raise TokenError(f"signed by {header.get('alg')!r} with key {kid!r}; Prolific signs by {ALGORITHM}")
    key = find_key(kid)
    if key is None:
        raise TokenError(f"Prolific has no key {kid!r}")
    try:
        return jwt.decode(token, key, algorithms=[ALGORITHM], issuer=ISSUER, options=_OPTIONS)
    except jwt.PyJWTError as error:
        raise TokenError(f"{type(error).__name__}: {error}") from None


def _read_time(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenError(f"{name} is {value!r}, which is no time")
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenError(f"{name} is {value!r}, which is no time") from None


def _find_host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _compare_query(claims: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
    """The query and the `prolific` claim say the same, name by name; so nothing unsigned is believed."""
    claimed = claims.get("prolific")
    if not isinstance(claimed, Mapping):
        raise TokenError("no prolific claim")
    signed = {name: value for name, value in claimed.items() if name not in PROLIFICS_OWN}
    given = {name: value for name, value in parameters.items() if name != TOKEN_PARAM}
    if different := sorted(name for name in {*signed, *given} if signed.get(name) != given.get(name)):
        raise TokenError(f"the query differs from the token in {', '.join(different)}")
    if not given.get("PROLIFIC_PID") or claims["sub"] != given.get("SESSION_ID"):
        raise TokenError("the token is of another submission")
