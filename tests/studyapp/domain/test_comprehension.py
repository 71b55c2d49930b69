import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.comprehension import ComprehensionQuestion, judge_attempt

QUESTIONS = [
    ComprehensionQuestion("One?", ("a", "b", "c"), "b"),
    ComprehensionQuestion("Two?", ("yes", "no"), "yes"),
]


@pytest.mark.parametrize(
    ("chosen", "before", "wrong", "left", "is_last"),
    [
        ((1, 0), 0, (), 1, True),
        ((1, 1), 0, (1,), 1, False),
        ((0, 1), 1, (0, 1), 0, True),
        ((1, 0), 1, (), 0, True),
        ((2, 0), 5, (0,), 0, True),
    ],
)
def test_a_try_says_what_was_wrong_and_how_many_are_left(chosen, before, wrong, left, is_last):
    attempt = judge_attempt(questions=QUESTIONS, chosen=chosen, tries_before=before, tries=2)
    assert (attempt.wrong, attempt.tries_left, attempt.is_last) == (wrong, left, is_last)
    assert attempt.passed is (wrong == ())


@given(chosen=st.lists(st.integers(0, 5), min_size=2, max_size=2), before=st.integers(0, 9), tries=st.integers(1, 10))
def test_only_the_right_choices_pass(chosen, before, tries):
    attempt = judge_attempt(questions=QUESTIONS, chosen=chosen, tries_before=before, tries=tries)
    assert attempt.passed is (chosen == [1, 0])


def test_each_question_needs_an_answer_of_its_own():
    with pytest.raises(ValueError, match="shorter"):
        judge_attempt(questions=QUESTIONS, chosen=[1], tries_before=0, tries=2)
