"""How much of a text stands word for word in another: pure, and the same for whoever asks."""

from difflib import SequenceMatcher


def find_longest_run(text: str, reference: str) -> int:
    """The most words in a row that both texts share, case and white space aside."""
    words, others = text.casefold().split(), reference.casefold().split()
    # autojunk would leave out the words that are frequent in a long text
    return SequenceMatcher(None, words, others, autojunk=False).find_longest_match().size
