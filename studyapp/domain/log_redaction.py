"""What must not stand in a log: who somebody is, and what would let another in as them.

Addresses keep what says which page failed (`/s/STUDY/item/…`), and lose what names a person's own: codes, tokens,
passes, queries. IP addresses, user agents, e-mail addresses and platform ids go wherever they stand.
"""

import ipaddress
import re

REMOVED = "[removed]"
MOST = 20_000  # characters of one line or traceback; every pattern is bounded, or begins where none ran before
_QUERY = re.compile(r"\?[^\s\"'<>?=]{0,200}=[^\s\"'<>]*+")
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@]++@")  # of a database's or a broker's address
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,254}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_AGENT = re.compile(r"(?:Mozilla|Opera|curl|python-requests|Dalvik)/\d[^\"'\n]*+")
_FOUR = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)")
_SIX = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]{2,45}(?![\w:])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONG = re.compile(r"(?<![\w:=+-])[\w:=+-]{16,}+")  # a code, a token, a pass, a platform's id
_SLUG = re.compile(r"(?:[a-z]{1,20}\d{0,4}|\d{1,4})(?:-(?:[a-z]{1,20}\d{0,4}|\d{1,4}))++")  # a study's name
_SECONDS = re.compile(r"(?<![\w.:=+-])(\d{1,7}\.\d{1,3})\d{1,20}(?=s\b)")  # how long a task took, as Celery writes it
_OWN_ADDRESSES = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::"})  # noqa: S104 # nosec B104 - compared, not listened to


def redact(text: str) -> str:
    """The text without what it may not keep."""
    if len(text) > MOST:
        text = text[: MOST // 2] + " [cut] " + text[-MOST // 2 :]
    text = _SECONDS.sub(r"\1", text)  # its many digits would be taken for a code
    text = _QUERY.sub("?" + REMOVED, text)
    text = _CREDENTIALS.sub(REMOVED + "@", text)
    text = _EMAIL.sub(REMOVED, text)
    text = _AGENT.sub(REMOVED, text)
    text = _FOUR.sub(_redact_address, text)
    text = _SIX.sub(_redact_address, text)
    return _LONG.sub(_redact_name, text)


def _redact_address(found: re.Match[str]) -> str:
    written = found.group().rstrip(":.")
    if written in _OWN_ADDRESSES or ("." not in written and ":" not in written):
        return found.group()
    try:
        ipaddress.ip_address(written)
    except ValueError:  # a time of the day, a version
        return found.group()
    return REMOVED + found.group()[len(written) :]


def _redact_name(found: re.Match[str]) -> str:
    """A long word with a digit in it is nobody's prose; ids of tasks and names of studies are ours, and are kept."""
    word = found.group().rstrip(":=+-")
    is_ours = _UUID.fullmatch(word) or _SLUG.fullmatch(word) or not any(letter.isdigit() for letter in word)
    return found.group() if is_ours else REMOVED + found.group()[len(word) :]
