import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.allocation import Cell, choose_cell


def fill(cells, *, arrivals, rng):
    """Let participants arrive one after another, none of whom drops out."""
    for _ in range(arrivals):
        cell = choose_cell(cells, rng=rng)
        if cell is None:
            break
        cells = [replace(c, occupied=c.occupied + 1) if c == cell else c for c in cells]
    return cells


@given(
    n_cells=st.integers(1, 20),
    target=st.integers(1, 8),
    arrivals=st.integers(0, 200),
    seed=st.integers(),
)
def test_cells_never_differ_by_more_than_one_when_nobody_drops_out(n_cells, target, arrivals, seed):
    cells = [Cell(arm_id=i, form_id=0, target=target, occupied=0) for i in range(n_cells)]
    filled = fill(cells, arrivals=arrivals, rng=random.Random(seed))
    counts = [cell.occupied for cell in filled]
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == min(arrivals, n_cells * target)


@given(
    occupied=st.lists(st.integers(0, 6), min_size=1, max_size=20),
    target=st.integers(1, 5),
    seed=st.integers(),
)
def test_a_cell_never_goes_over_its_target_and_the_emptiest_comes_first(occupied, target, seed):
    cells = [Cell(arm_id=i, form_id=0, target=target, occupied=n) for i, n in enumerate(occupied)]
    chosen = choose_cell(cells, rng=random.Random(seed))
    if all(n >= target for n in occupied):
        assert chosen is None
    else:
        assert chosen is not None
        assert chosen.occupied == min(occupied) < target


def test_equal_cells_are_taken_at_random():
    cells = [Cell(arm_id=i, form_id=0, target=5, occupied=0) for i in range(4)]
    chosen = {choose_cell(cells, rng=random.Random(seed)).arm_id for seed in range(100)}
    assert chosen == {0, 1, 2, 3}
