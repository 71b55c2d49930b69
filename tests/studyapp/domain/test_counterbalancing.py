import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.counterbalancing import Pool, choose_titles, count_showings, order_trials, plan_forms


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


@st.composite
def pools(draw):
    """Pools of forms as `plan_forms` draws them, with any number of titles shown."""
    n_items = draw(st.integers(2, 60))
    form_a, _ = plan_forms(n_items=n_items, rng=random.Random(draw(st.integers())))
    halves = [tuple(i for i, s in enumerate(form_a.sources) if s == source) for source in ("human", "model")]
    return Pool(*halves, shown=draw(st.integers(2, n_items)))


seeds = st.integers(0, 2**62)


@given(pool=pools(), seed=seeds, block=st.integers(1, 200))
def test_a_block_sees_so_many_titles_none_twice_and_half_of_them_human_on_either_form(pool, seed, block):
    titles = choose_titles(pool, seed=seed, block=block)
    assert len(titles) == pool.shown  # a set: none is there twice
    human_on_a, human_on_b = len(titles & set(pool.first)), len(titles & set(pool.second))
    assert human_on_a + human_on_b == pool.shown
    assert abs(human_on_a - human_on_b) <= 1


@given(pool=pools(), seed=seeds, blocks=st.integers(1, 80))
def test_every_title_is_shown_equally_often_within_one_at_any_time(pool, seed, blocks):
    counts = Counter(dict.fromkeys([*pool.first, *pool.second], 0))
    for block in range(1, blocks + 1):
        counts.update(choose_titles(pool, seed=seed, block=block))
        halves = [[counts[title] for title in half] for half in (pool.first, pool.second)]
        assert all(max(half) - min(half) <= 1 for half in halves)
        if pool.shown % 2 or pool.size % 2 == 0:  # the one case where the halves cannot keep step is left out
            assert max(counts.values()) - min(counts.values()) <= 1
            if block * pool.shown % pool.size == 0:
                assert set(counts.values()) == {block * pool.shown // pool.size}
    figures = count_showings(n_items=pool.size, shown=pool.shown, blocks=blocks)
    assert figures == dict(Counter(counts.values()))


@given(pool=pools(), seed=seeds, block=st.integers(1, 200))
def test_the_titles_of_a_block_hang_on_the_seed_and_its_number_alone(pool, seed, block):
    expected = choose_titles(pool, seed=seed, block=block)
    choose_titles(pool, seed=seed, block=block + 1)
    assert choose_titles(pool, seed=seed, block=block) == expected


def test_25_of_50_and_25_of_100_take_turns_at_13_and_12_and_differ_by_seed():
    for size in (50, 100):
        pool = Pool(tuple(range(size // 2)), tuple(range(size // 2, size)), shown=25)
        sizes = [len(choose_titles(pool, seed=3, block=block) & set(pool.first)) for block in range(1, 7)]
        assert sizes == [13, 12, 13, 12, 13, 12]
        drawn = {choose_titles(pool, seed=seed, block=1) for seed in range(20)}
        assert len(drawn) == 20


def test_all_titles_of_an_odd_pool_are_shown_to_every_block():
    pool = Pool(tuple(range(13)), tuple(range(13, 25)), shown=25)
    assert all(choose_titles(pool, seed=1, block=block) == frozenset(range(25)) for block in range(1, 9))


@pytest.mark.parametrize(("first", "second", "shown"), [(3, 3, 7), (3, 3, 1), (2, 3, 4), (4, 2, 3)])
def test_a_pool_that_cannot_be_is_refused(first, second, shown):
    with pytest.raises(ValueError, match="items"):
        Pool(tuple(range(first)), tuple(range(10, 10 + second)), shown=shown)
