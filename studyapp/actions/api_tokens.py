"""Tokens of the API are made, used and revoked; each of these is written down, and the secret never."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from studyapp.actions.audit import record
from studyapp.domain.api_tokens import DEFAULT_DAYS, MOST_DAYS, make_token_text, parse_token
from studyapp.models import ApiToken

NO_HASH = "0" * 64  # compared with where there is no such token, so that it takes as long as where there is
USE_SECONDS = 60  # last use is kept to the minute, so that not every request writes


class TokenRefusedError(ValueError):
    """The token cannot be made; the message says why."""


@dataclass(frozen=True)
class TokenWish:
    """What a token is to be for, how long, and whether it may fetch bundles or only counts."""

    label: str
    days: int = DEFAULT_DAYS
    may_export: bool = False


@transaction.atomic
def make_token(owner: User, wish: TokenWish, *, now: datetime) -> tuple[ApiToken, str]:
    """A new token of an account, and its text, which nobody can find again. Locks nothing.

    Raises:
        TokenRefusedError: it has no label, or would last too long.
    """
    label = wish.label.strip()[:80]
    if not label:
        raise TokenRefusedError("Say what the token is for, so that you know later which to revoke.")
    if not 1 <= wish.days <= MOST_DAYS:
        raise TokenRefusedError(f"A token lasts from 1 to {MOST_DAYS} days.")
    made = make_token_text(secrets.token_bytes(36))
    token = ApiToken.objects.create(
        owner=owner,
        label=label,
        prefix=made.prefix,
        sha256=made.sha256,
        may_export=wish.may_export,
        created_at=now,
        expires_at=now + timedelta(days=wish.days),
    )
    record(None, "made_api_token", prefix=token.prefix, label=label, may_export=wish.may_export, days=wish.days)
    return token, made.text


@transaction.atomic
def revoke_token(token: ApiToken, *, now: datetime) -> None:
    """End a token at once; twice does nothing. Locks the token."""
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        record(None, "revoked_api_token", prefix=token.prefix, label=token.label, owner=token.owner.get_username())


def find_token(text: str, *, now: datetime) -> ApiToken | None:
    """The usable token of that text, whose use is noted; None for any other text, after as long a look."""
    given = parse_token(text)
    if given is None:
        return None
    token: ApiToken | None = ApiToken.objects.usable(now).filter(prefix=given.prefix).first()
    if not given.agrees_with(token.sha256 if token else NO_HASH) or token is None:
        return None
    if token.last_used_at is None or now - token.last_used_at > timedelta(seconds=USE_SECONDS):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
