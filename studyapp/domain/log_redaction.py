"""What must not stand in a log: who somebody is, and what would let another in as them.

Addresses keep what says which page failed (`/s/STUDY/item/…`), and lose what names a person's own: codes, tokens,
passes, queries. IP addresses, user agents, e-mail addresses and platform ids go wherever they stand.
"""

import ipaddress
import re

REMOVED = "[removed]"
_QUERY = re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*")
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@]+@")  # of a database's or a broker's address
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_AGENT = re.compile(r"(?:Mozilla|Opera|curl|python-requests|Dalvik)/\d[^\"'\n]*")
_FOUR = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
_SIX = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w:])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONG = re.compile(r"(?<![\w./-])[\w:=+-]{16,}|(?<=/)[\w:=+-]{16,}")  # a code, a token, a pass, a platform's id
_OWN_ADDRESSES = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::"})  # noqa: S104 - compared, not listened to


def redact(text: str) -> str:
    """The text without what it may not keep."""
    text = _QUERY.sub("?" + REMOVED, text)
    text = _CREDENTIALS.sub(REMOVED + "@", text)
    text = _EMAIL.sub(REMOVED, text)
    text = _AGENT.sub(REMOVED, text)
    text = _FOUR.sub(_redact_address, text)
    text = _SIX.sub(_redact_address, text)
    return _LONG.sub(_redact_name, text)


def _redact_address(found: re.Match[str]) -> str:
    written = found.group().rstrip(":.")
    try:
        ipaddress.ip_address(written)
    except ValueError:  # a time of the day, a version
        return found.group()
    return found.group() if written in _OWN_ADDRESSES else REMOVED + found.group()[len(written) :]


def _redact_name(found: re.Match[str]) -> str:
    """A long word with a digit in it is nobody's prose; the ids of tasks and requests are ours, and are kept."""
    word = found.group()
    is_ours = _UUID.fullmatch(word) or not any(letter.isdigit() for letter in word)
    return word if is_ours or not any(letter.isalpha() for letter in word) and len(word) < 20 else REMOVED
