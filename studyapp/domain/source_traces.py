"""Marks by which a text gives its source away whatever it says: a prompt's labels, a model's name, an agency's line.

They are looked for in both versions of an item alike. A mark that both carry tells nothing; a mark of one of them
tells a reader who wrote it without reading.
"""

import re
from collections.abc import Sequence

_OF_MODELS: dict[str, re.Pattern[str]] = {
    "a prompt's label": re.compile(r"^\s*(?:title|subtitle|headline|article|body)\s*:", re.IGNORECASE | re.MULTILINE),
    "“As an AI”": re.compile(
        r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b|\bi(?:'m| am) an? (?:ai|language model)\b"
        r"|\bmy (?:training data|knowledge cutoff)\b",
        re.IGNORECASE,
    ),
    "a model's name": re.compile(
        r"\b(?:chatgpt|openai|gpt-?\d\w*|llama[- ]?\d|mistral-?\d|qwen\d?|deepseek|claude \d|pythia-\d)", re.IGNORECASE
    ),
    "an answer's opening": re.compile(
        r"\A\s*(?:(?:sure|certainly|of course|absolutely)\s*[,!.:]"
        r"|here(?:'s| is) (?:the|a|an|your)\b[^.\n]{0,60}\b(?:article|story|text|piece)\b)",
        re.IGNORECASE,
    ),
    "a tokenizer's mark": re.compile(r"<\|[a-z_]+\|>|\[/?INST\]|</?s>|\ufffd"),
    "markup": re.compile(r"^\s*#{1,6}\s|\*\*[^*\n]+\*\*|</?(?:p|br|div|b|i|h\d)\s*/?>", re.IGNORECASE | re.MULTILINE),
}
_OF_NEWSROOMS: dict[str, re.Pattern[str]] = {
    "an agency's line": re.compile(
        r"^[^.\n]{0,60}\((?:reuters|ap|afp|dpa|upi|pa|ansa)\)", re.IGNORECASE | re.MULTILINE
    ),
    "an author's line": re.compile(r"\A\s*(?:[Bb]y|BY) [A-Z][\w.'-]+(?: [A-Z][\w.'-]+){1,3}\s*$", re.MULTILINE),
    "a caption or credit": re.compile(r"^\s*(?:photo|image|picture|video|file photo)s?\s*(?:by\b|:)", re.I | re.M),
    "a link": re.compile(r"https?://|\bwww\.\w", re.IGNORECASE),
    "a page's furniture": re.compile(
        r"\b(?:click here|read more(?: here)?:|sign up (?:for|to) our|subscribe to our|all rights reserved)|©", re.I
    ),
}
PATTERNS = {**_OF_MODELS, **_OF_NEWSROOMS}


def find_traces(text: str) -> tuple[str, ...]:
    """The names of the marks that a text carries, in the order of `PATTERNS`."""
    return tuple(name for name, pattern in PATTERNS.items() if pattern.search(text))


def count_telling(texts: Sequence[str], counterparts: Sequence[str]) -> dict[str, int]:
    """How many of `texts` carry each mark that their counterpart (the other version of the item) does not carry."""
    counts: dict[str, int] = {}
    for text, counterpart in zip(texts, counterparts, strict=True):
        theirs = find_traces(counterpart)
        for name in find_traces(text):
            if name not in theirs:
                counts[name] = counts.get(name, 0) + 1
    return counts
