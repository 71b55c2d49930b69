"""Seeds derived from names, so that a text or an order can be made again on any machine."""

import hashlib


def derive_seed(*parts: str | int) -> int:
    """A seed in [0, 2^63) from the names of what it is for; the same names give the same seed everywhere."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
