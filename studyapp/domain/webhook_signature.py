"""Whether a webhook is Prolific's: base64(HMAC-SHA256(secret, timestamp + raw body)), and not an old one sent again."""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

STALE_AFTER = timedelta(minutes=5)  # between Prolific's clock when it sent, and ours


class SignatureError(ValueError):
    """The webhook is not to be believed; the message says why, and is for our log only."""


def sign(secret: str, *, timestamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def verify_signature(secret: str, *, timestamp: str, signature: str, body: bytes, now: datetime) -> datetime:
    """When the webhook was sent.

    Raises:
        SignatureError: nothing is signed, the signature is another's, or it is too old or from the future.
    """
    if not (timestamp and signature):
        raise SignatureError("it carries no signature")
    try:
        given = base64.b64decode(signature.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise SignatureError("its signature is no base64") from None
    expected = base64.b64decode(sign(secret, timestamp=timestamp, body=body))
    if not hmac.compare_digest(given, expected):
        raise SignatureError("its signature is not made with our secret")
    try:
        sent_at = datetime.fromtimestamp(float(timestamp), tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureError("its timestamp is no time") from None
    if abs(now - sent_at) > STALE_AFTER:
        raise SignatureError(f"it was sent at {sent_at:%Y-%m-%d %H:%M:%S} UTC, which is not now")
    return sent_at
