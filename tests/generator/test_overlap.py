import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.overlap import find_longest_run

WORDS = st.lists(st.sampled_from("abcd"), max_size=40).map(" ".join)


@pytest.mark.parametrize(
    ("text", "reference", "run"),
    [
        ("", "", 0),
        ("a b c", "x y z", 0),
        ("a b c d", "x B  C y", 2),
        ("the the the end", "the the other the the the", 3),
    ],
)
def test_longest_run(text, reference, run):
    assert find_longest_run(text, reference) == run


@given(WORDS, WORDS)
def test_the_longest_run_is_that_of_trying_all(text, reference):
    words, others = text.split(), reference.split()
    tried = max(
        (
            length
            for start in range(len(words))
            for length in range(1, len(words) - start + 1)
            if any(words[start : start + length] == others[at : at + length] for at in range(len(others)))
        ),
        default=0,
    )
    assert find_longest_run(text, reference) == tried
