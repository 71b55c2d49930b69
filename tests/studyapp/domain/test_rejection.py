import pytest

from studyapp.domain.rejection import LONGEST, ReasonMissingError, compose_reason


@pytest.mark.parametrize(
    ("choice", "words", "reason"),
    [
        ("harm", "", "could harm a real person"),
        ("harm", " names the mayor ", "could harm a real person: names the mayor"),
        ("other", "in verse", "in verse"),
        ("", "in verse", "in verse"),
        ("", "x" * 400, "x" * LONGEST),
    ],
)
def test_a_reason_is_what_was_chosen_and_what_was_written(choice, words, reason):
    assert compose_reason(choice, words) == reason


@pytest.mark.parametrize(("choice", "words"), [("", " "), ("other", ""), ("taste", "I do not like it")])
def test_no_reason_is_no_reason(choice, words):
    with pytest.raises(ReasonMissingError):
        compose_reason(choice, words)
