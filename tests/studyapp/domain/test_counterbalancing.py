import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.counterbalancing import order_trials, plan_forms


@given(n_items=st.integers(2, 300), seed=st.integers())
def test_every_item_is_human_on_one_form_and_model_on_the_other(n_items, seed):
    form_a, form_b = plan_forms(n_items=n_items, rng=random.Random(seed))
    assert len(form_a.sources) == len(form_b.sources) == n_items
    assert all({a, b} == {"human", "model"} for a, b in zip(form_a.sources, form_b.sources, strict=True))


@given(n_items=st.integers(2, 300), seed=st.integers())
def test_each_form_is_half_human_within_one(n_items, seed):
    for form in plan_forms(n_items=n_items, rng=random.Random(seed)):
        human = form.sources.count("human")
        assert abs(human - (n_items - human)) <= 1


def test_which_items_are_human_on_form_a_is_drawn_evenly():
    n_items, draws = 5, 4000
    counts = [0] * n_items
    for seed in range(draws):
        for item, source in enumerate(plan_forms(n_items=n_items, rng=random.Random(seed))[0].sources):
            counts[item] += source == "human"
    assert all(abs(count / draws - 3 / 5) < 0.04 for count in counts)  # five standard errors


def test_the_same_seed_draws_the_same_forms():
    assert plan_forms(n_items=25, rng=random.Random(1)) == plan_forms(n_items=25, rng=random.Random(1))


@pytest.mark.parametrize("n_items", [0, 1])
def test_too_few_items_are_refused(n_items):
    with pytest.raises(ValueError, match="at least 2"):
        plan_forms(n_items=n_items, rng=random.Random(0))


@given(stimuli=st.lists(st.integers(), max_size=60), seed=st.integers())
def test_an_order_holds_each_stimulus_once_and_leaves_the_form_alone(stimuli, seed):
    before = list(stimuli)
    order = order_trials(stimuli, rng=random.Random(seed))
    assert sorted(order) == sorted(before)
    assert stimuli == before
