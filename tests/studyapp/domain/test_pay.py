import pytest

from studyapp.domain.pay import Reward, estimate_time, parse_reward, propose_rewards, review_pay


def test_the_minutes_of_the_worked_example():
    """STATISTICS, pay helper: 25 articles of 208 words are 22 minutes of reading, 4 of answering, 4 beside."""
    time = estimate_time([208] * 25, n_shown=25)
    assert (round(time.reading), round(time.answering), round(time.overhead)) == (22, 4, 4)
    assert round(time.total) == 30
    assert propose_rewards(30) == (Reward(6.0, "USD"), Reward(4.5, "GBP"))


def test_fewer_shown_than_there_are_take_less():
    assert estimate_time([200, 300], n_shown=10).reading == pytest.approx(250 * 10 / 238)
    assert estimate_time([], n_shown=0).total == 4


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        ("USD 12", Reward(12, "USD")),
        ("$4.50", Reward(4.5, "USD")),
        ("US$ 5", Reward(5, "USD")),
        ("£4,50", Reward(4.5, "GBP")),
        ("12 EUR, paid at once", Reward(12, "EUR")),
        ("1,200 usd", Reward(1200, "USD")),
        ("nothing: this is a demonstration", None),
        ("", None),
        ("12", None),
        ("$4 to $6", None),
        ("£4 or $5", None),
    ],
)
def test_only_a_plain_sum_is_taken_for_one(text, reward):
    assert parse_reward(text) == reward


@pytest.mark.parametrize(
    ("reward", "minutes", "an_hour", "verdict"),
    [
        (Reward(12, "USD"), 60, 12, "fair"),
        (Reward(5.99, "USD"), 30, 11.98, "low"),
        (Reward(4, "USD"), 30, 8, "low"),
        (Reward(3.99, "USD"), 30, 7.98, "too_low"),
        (Reward(4.5, "GBP"), 30, 9, "fair"),
        (Reward(3, "GBP"), 31, 5.81, "too_low"),
        (Reward(1, "EUR"), 60, 1, "unknown"),
    ],
)
def test_pay_is_compared_with_what_platforms_ask(reward, minutes, an_hour, verdict):
    review = review_pay(reward, minutes=minutes)
    assert (round(review.an_hour, 2), review.verdict) == (an_hour, verdict)
