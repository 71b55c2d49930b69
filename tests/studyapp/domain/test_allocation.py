from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.allocation import plan_blocks

targets = st.dictionaries(st.integers(1, 1000), st.integers(1, 12), max_size=6)
seeds = st.integers(0, 2**62)
FORMS = (7, 8)


def cells_of(places):
    return Counter((place.arm_id, place.form_id) for place in places)


@given(per_cell=targets, seed=seeds)
def test_every_cell_has_as_many_places_as_its_target_one_a_block(per_cell, seed):
    places = plan_blocks(per_cell, forms=FORMS, seed=seed)
    assert cells_of(places) == {(arm, form): target for arm, target in per_cell.items() for form in FORMS}
    for block in {place.block for place in places}:
        inside = [place for place in places if place.block == block]
        open_arms = {arm for arm, target in per_cell.items() if target >= block}
        assert cells_of(inside) == {(arm, form): 1 for arm in open_arms for form in FORMS}
        assert sorted(place.position for place in inside) == list(range(1, len(inside) + 1))
        assert len({place.seed for place in inside}) == 1


@given(per_cell=targets, seed=seeds, arrivals=st.integers(0, 150))
def test_cells_that_are_open_never_differ_by_more_than_one(per_cell, seed, arrivals):
    places = plan_blocks(per_cell, forms=FORMS, seed=seed)
    taken = cells_of(sorted(places, key=lambda place: (place.block, place.position))[:arrivals])
    is_open = [(arm, form) for arm, target in per_cell.items() for form in FORMS if taken[arm, form] < target]
    counts = [taken[cell] for cell in is_open]
    assert not counts or max(counts) - min(counts) <= 1


@given(per_cell=targets, seed=seeds)
def test_the_same_seed_lays_down_the_same_places(per_cell, seed):
    assert plan_blocks(per_cell, forms=FORMS, seed=seed) == plan_blocks(per_cell, forms=FORMS, seed=seed)


def test_the_order_in_a_block_is_drawn_evenly_and_anew_for_each():
    places = plan_blocks({1: 3000, 2: 3000}, forms=FORMS, seed=5)
    first = Counter((place.arm_id, place.form_id) for place in places if place.position == 1)
    assert all(abs(count / 3000 - 1 / 4) < 0.04 for count in first.values())  # five standard errors


def test_later_blocks_go_on_counting():
    assert {place.block for place in plan_blocks({1: 2}, forms=FORMS, seed=1, first_block=9)} == {9, 10}
