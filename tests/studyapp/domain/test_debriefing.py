import pytest

from studyapp.domain.debriefing import MOST_DAYS, Debriefing, Score, count_score


def test_a_score_counts_the_answers_that_say_something():
    answers = [("human", 1), ("human", 2), ("human", 4), ("human", 3), ("model", 5), ("model", 4), ("model", 2)]
    assert count_score(answers) == Score(right=4, told=6, unsure=1)
    assert count_score([]) == Score(right=0, told=0, unsure=0)


@pytest.mark.parametrize("days", [-1, MOST_DAYS + 1])
def test_days_that_cannot_be_are_named(days):
    with pytest.raises(ValueError, match=r"^withdrawal_days: must be from 0"):
        Debriefing(withdrawal_days=days)
