import pytest

from studyapp.domain.shared_runs import describe_run, mark_shared_runs

HUMAN = "The council met on Monday. It voted to close the old library in June, after a long debate."


def marked(text, other=HUMAN, **options):
    return [piece.text for paragraph in mark_shared_runs(text, other, **options).paragraphs for piece in paragraph
            if piece.is_shared]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("Nothing of it is shared here at all, by anybody.", []),
        ("The council met on Monday, and went home.", []),  # five words: how news is written
        (
            'Today it VOTED to close the old "library" in June; so be it.',
            ['it VOTED to close the old "library" in June'],
        ),
        (f"{HUMAN} And more.", [HUMAN[:-1]]),
        ("", []),
    ],
)
def test_runs_of_eight_words_and_more_are_marked_whatever_their_case_and_punctuation(text, runs):
    assert marked(text) == runs


def test_no_character_of_the_text_is_lost_and_paragraphs_stay():
    text = f"First, something else: here.\n\n{HUMAN}\n\n(An end.)"
    paragraphs = mark_shared_runs(text, HUMAN).paragraphs
    assert ["".join(piece.text for piece in pieces) for pieces in paragraphs] == text.split("\n\n")


def test_a_run_over_the_end_of_a_paragraph_is_marked_on_both_sides():
    text = "It voted to close the\n\nold library in June."
    assert marked(text) == ["It voted to close the", "old library in June"]
    found = mark_shared_runs(text, HUMAN)
    assert (found.longest_run, found.shared_words, found.words, found.shared_share) == (9, 9, 9, 1.0)


@pytest.mark.parametrize(("words", "said"), [(0, "fewer than 8 words"), (1, "1 word"), (12, "12 words")])
def test_a_run_that_was_too_short_to_be_looked_for_is_not_called_nothing(words, said):
    assert describe_run(words) == said
