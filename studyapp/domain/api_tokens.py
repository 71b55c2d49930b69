"""What a token of the API looks like: `byline_PREFIX_SECRET`. The prefix is open, the secret is 256 random bits."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

MOST_DAYS = 366
DEFAULT_DAYS = 90
_TOKEN = re.compile(r"byline_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class TokenText:
    """A token in two parts; only its owner ever holds the second."""

    prefix: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        return f"byline_{self.prefix}_{self.secret}"

    @property
    def sha256(self) -> str:
        """What is stored of it. A plain hash is enough for 256 random bits, which nobody can try through."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def agrees_with(self, sha256: str) -> bool:
        """Whether that is the stored hash of this token, in a time that does not tell how much of it is."""
        return hmac.compare_digest(self.sha256, sha256)


def make_token_text(random_bytes: bytes) -> TokenText:
    """The token of 36 random bytes: four for its prefix, 32 for its secret."""
    if len(random_bytes) != 36:
        raise ValueError("a token is made of 36 random bytes")
    secret = base64.urlsafe_b64encode(random_bytes[4:]).decode().rstrip("=")
    return TokenText(prefix=random_bytes[:4].hex(), secret=secret)


def parse_token(text: str) -> TokenText | None:
    """The token of a text; None where it cannot be one."""
    match = _TOKEN.fullmatch(text)
    return TokenText(prefix=match[1], secret=match[2]) if match else None
