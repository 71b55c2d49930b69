from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.seeds import derive_seed


@given(st.lists(st.one_of(st.text(), st.integers()), max_size=5))
def test_a_seed_fits_a_signed_column_and_is_the_same_again(parts):
    seed = derive_seed(*parts)
    assert 0 <= seed < 2**63
    assert seed == derive_seed(*parts)


def test_seeds_are_the_same_on_every_machine():
    assert derive_seed(2026, "small", "abc", 0) == 6640522347027934852


def test_parts_do_not_run_into_each_other():
    assert derive_seed("ab", "c") != derive_seed("a", "bc")
