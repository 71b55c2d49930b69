"""Why a text may be set aside: a short list, so that reasons can be counted, and words of one's own beside it."""

REASONS = {
    "harm": "could harm a real person",
    "offence": "offends or incites",
    "trace": "shows that a program wrote it, other than by how it writes",
    "broken": "is broken: cut, repeated, or not an article",
    "copied": "repeats a text that people wrote",
    "article": "the article itself cannot be used",
    "other": "something else",
}
LONGEST = 300  # characters of a stored reason


class ReasonMissingError(ValueError):
    """Nothing is set aside without a reason; the message says what to do."""


def compose_reason(choice: str, words: str) -> str:
    """The reason to store: the one chosen from the list, and what was written beside it.

    Raises:
        ReasonMissingError: neither is given, the choice is none of the list, or "something else" without saying what.
    """
    words = words.strip()
    if choice and choice not in REASONS:
        raise ReasonMissingError(f"There is no reason {choice!r}; choose from {', '.join(REASONS)}.")
    if not words and choice in ("", "other"):
        raise ReasonMissingError("Say why the text is rejected; nothing is rejected by taste alone.")
    listed = "" if choice in ("", "other") else REASONS[choice]
    return ": ".join(part for part in (listed, words) if part)[:LONGEST]
