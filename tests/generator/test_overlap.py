import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.overlap import find_longest_run, list_words, measure_overlap

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
    assert find_longest_run(list_words(text), list_words(reference)) == run


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
    assert find_longest_run(words, others) == tried


def test_words_and_shares():
    assert list_words("It’s 4 o'clock – in MÜNCHEN.") == ["it", "s", "4", "o", "clock", "in", "münchen"]
    words = [f"w{n}" for n in range(20)]
    run, share = measure_overlap(words, ["x", *words[4:14], "y", *words[15:]])
    assert (run, share) == (10, pytest.approx(3 / 13))
    assert measure_overlap(words[:5], words) == (5, 0.0)
