"""Which webhooks are believed."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from studyapp.domain.webhook_signature import SignatureError, verify_signature

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = b'{"event_type": "submission.status.change"}'
SIGNATURE = base64.b64encode(hmac.new(b"secret", STAMP.encode() + BODY, hashlib.sha256).digest()).decode()


def verify(*, secret="secret", timestamp=STAMP, signature=SIGNATURE, body=BODY, now=NOW):
    return verify_signature(secret, timestamp=timestamp, signature=signature, body=body, now=now)


def test_prolifics_own_webhook_is_believed_and_dated():
    assert verify() == NOW


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_webhook_of_another_time_is_not(minutes):
    with pytest.raises(SignatureError, match="which is not now"):
        verify(now=NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"secret": "another"}, "not made with our secret"),
        ({"body": BODY + b" "}, "not made with our secret"),
        ({"timestamp": str(int(STAMP) + 1)}, "not made with our secret"),
        ({"signature": ""}, "no signature"),
        ({"timestamp": ""}, "no signature"),
        ({"signature": "§§"}, "no base64"),
        ({"signature": "?"}, "no base64"),
    ],
)
def test_what_is_forged_or_unsigned_is_not(change, why):
    with pytest.raises(SignatureError, match=why):
        verify(**change)


def test_a_signed_timestamp_that_is_no_time_is_not():
    signature = base64.b64encode(hmac.new(b"secret", b"yesterday" + BODY, hashlib.sha256).digest()).decode()
    with pytest.raises(SignatureError, match="no time"):
        verify(timestamp="yesterday", signature=signature)
