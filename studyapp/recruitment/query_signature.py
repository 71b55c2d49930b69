"""The signature of a panel's link: HMAC-SHA-256 of its canonical query under a secret that both sides know.

Canonical: every parameter but the signature itself, sorted by name and then by value, percent-encoded as in RFC 3986
(letters, digits and -._~ stay as they are), joined as name=value by &. The signature is the HMAC in hexadecimal.
"""

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote

Pairs = Iterable[tuple[str, str]]


def sign_query(pairs: Pairs, *, secret: str, signature_param: str) -> str:
    """The signature of a query (any signature already in it is left out)."""
    signed = sorted((name, value) for name, value in pairs if name != signature_param)
    canonical = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in signed)
    return hmac.new(secret.encode(), canonical.encode(), hashlib.sha256).hexdigest()


def is_signed(pairs: Pairs, *, secret: str, signature_param: str) -> bool:
    """Whether the query carries its signature, once and right; compared in constant time."""
    given = list(pairs)
    signatures = [value for name, value in given if name == signature_param]
    if len(signatures) != 1 or not secret:
        return False
    expected = sign_query(given, secret=secret, signature_param=signature_param)
    return hmac.compare_digest(expected.encode(), signatures[0].strip().lower().encode())
