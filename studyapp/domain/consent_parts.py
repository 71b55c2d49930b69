"""What a consent text must say, and which of it an English one does not seem to.

The parts are those of 45 CFR 46.116(b), of Article 13 GDPR and of the panels' rules, as far as a text can hold them.
The minutes and the reward stand on the consent page beside the text, and so does the contact where the study has one.
Words are looked for, so a finding is a question to the researcher and no verdict.
"""

import re

_PARTS: dict[str, str] = {
    "which institution is responsible": (
        r"\b(?:universit|institut(?:e|ion)\b|college|laborator|department of|faculty|school of|academy|hospital|"
        r"foundation|company|\w+ (?:inc|ltd|gmbh|e\.v)\b)"
    ),
    "that it is research": r"\b(?:research|study|studies|scientific|experiment)",
    "what participants do": r"\b(?:you will|you (?:are|shall be) asked|what you do|your task|read\b)",
    "risks": r"\b(?:risks?|harm|discomfort|distress|unpleasant)",
    "what is kept": r"\b(?:data|answers?|record|store|keep|kept|collect)",
    "how long it is kept": (
        r"\b(?:(?:for|after|within|than|of|until) (?:\w+ ){0,3}(?:years?|months?|weeks?|days?)\b|as long as|until \w|"
        r"indefinitely|permanently|for good\b|never deleted)"
    ),
    "confidentiality or anonymity": r"\b(?:anonym|confidential|random code|pseudonym|no name|identif|points? to you)",
    "what is published or shared": r"\b(?:publish|published|share|shared|made public|open data)",
    "that it is voluntary": r"\b(?:voluntar|free to|you (?:need|do) not have to)",
    "that they may stop or withdraw": (
        r"\b(?:withdraw|stop at any time|quit at any time|leave at any time|stop taking part)"
    ),
    "the least age": (
        r"\b(?:1[4-9]|2[01]) (?:years|or (?:older|over))|\b(?:at least|over|aged?) (?:1[4-9]|2[01])\b|\badults?\b"
    ),
}
WHOM_TO_ASK = "whom to ask (a contact)"
_CONTACT = re.compile(r"\S@\S|\bcontact\b|\bwrite to\b|\bphone\b|\btelephone\b", re.IGNORECASE)
PARTS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _PARTS.items()}


def find_missing_parts(consent: str, *, beside: str = "") -> list[str]:
    """The necessary parts that an English consent text does not seem to name; `beside`: the contact on its page."""
    missing = [name for name, pattern in PARTS.items() if not pattern.search(consent)]
    has_contact = bool(beside.strip()) or _CONTACT.search(consent) is not None
    return missing if has_contact else [*missing, WHOM_TO_ASK]
