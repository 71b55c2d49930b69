import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.schedule import Schedule

PUBLISHED = Schedule(budget=300_000_000_000, batch_tokens=500_000, context=2048, peak_lr=6e-4)
SMALL = Schedule(budget=150_000, batch_tokens=1024, context=1024, peak_lr=3e-3)


@pytest.mark.parametrize(
    ("tokens", "rate"),
    [(187_500_000, 3e-4), (375_000_000, 6e-4), (260e9, 6e-5), (299e9, 6e-5), ((260e9 + 375e6) / 2, 3.3e-4)],
)
def test_the_published_run(tokens, rate):
    assert PUBLISHED.find_rate(int(tokens)) == pytest.approx(rate)


def test_the_published_batch_grows_from_32k():
    assert PUBLISHED.count_sequences(0) == 16
    assert PUBLISHED.count_sequences(2_000_000_000) == 130
    assert PUBLISHED.count_sequences(4_000_000_000) == PUBLISHED.count_sequences(200_000_000_000) == 244


def test_a_small_budget_still_warms_up():
    assert SMALL.warm_up_tokens == 15_000
    assert SMALL.find_rate(1024) == pytest.approx(3e-3 * 1024 / 15_000)
    assert SMALL.count_steps() == 147


@given(
    budget=st.integers(1, 5_000_000), batch=st.integers(1, 200_000), context=st.integers(16, 2048), at=st.floats(0, 1)
)
def test_steps_are_counted_as_they_are_taken(budget, batch, context, at):
    schedule = Schedule(budget=budget, batch_tokens=batch, context=context, peak_lr=1e-3)
    steps, seen = 0, 0
    while seen < budget and steps < 2000:
        seen += schedule.count_sequences(seen) * context
        steps += 1
    if steps < 2000:
        assert schedule.count_steps() == steps
    assert 0 <= schedule.find_rate(int(at * budget)) <= 1e-3


@pytest.mark.parametrize(
    ("n_steps", "held_out_tokens", "spacing"),
    [
        (1000, 15_360, 50),  # a third of 15 steps' operations, of which 50 are ten times as much
        (1000, 65_536, 100),  # ten measures at least
        (1000, 1024, 25),  # forty are enough
        (5, 65_536, 1),
    ],
)
def test_measuring_takes_a_tenth_of_the_time(n_steps, held_out_tokens, spacing):
    assert SMALL.space_measures(n_steps=n_steps, held_out_tokens=held_out_tokens) == spacing
