"""k-anonymity: reached whenever it can be, by taking away only, and refused when it cannot be."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.anonymity import (
    Ladder,
    NotAnonymousError,
    anonymise,
    band,
    declare_ladder,
    find_smallest_class,
    keep_year,
)

AGE = declare_ladder("age", kind="integer")
FLAG = declare_ladder("looked_up", kind="flag")
GENDER = declare_ladder("gender", kind="text", values="woman;man;other")
LADDERS = (AGE, FLAG, GENDER)

people = st.tuples(
    st.one_of(st.just(""), st.integers(0, 120).map(str)),
    st.sampled_from(["", "0", "1"]),
    st.sampled_from(["", "woman", "man", "other"]),
)


@given(rows=st.lists(people, max_size=60), k=st.integers(2, 8))
def test_every_published_row_is_like_k_minus_one_others_or_the_table_is_refused(rows, k):
    if 0 < len(rows) < k:
        with pytest.raises(NotAnonymousError, match="cannot be reached"):
            anonymise(rows, ladders=LADDERS, k=k)
        return
    table = anonymise(rows, ladders=LADDERS, k=k)
    assert len(table.rows) == len(rows)
    assert all(size >= k for size in Counter(table.rows).values())
    assert table.k_reached == find_smallest_class(table.rows)


@given(rows=st.lists(people, min_size=5, max_size=60))
def test_it_only_takes_away_and_counts_what_it_took(rows):
    table = anonymise(rows, ladders=LADDERS, k=5)
    emptied = Counter()
    for before, after in zip(rows, table.rows, strict=True):
        for ladder, old, new in zip(LADDERS, before, after, strict=True):
            coarse = ladder.read(old, level=table.levels[ladder.column])
            assert new in (coarse, "")
            emptied[ladder.column] += bool(coarse and not new)
    assert {name: n for name, n in table.suppressed.items() if n} == {name: n for name, n in emptied.items() if n}
    assert table.rows_touched <= sum(emptied.values())


@given(rows=st.lists(people, min_size=5, max_size=40), data=st.data())
def test_the_order_of_people_changes_nothing_of_what_is_published(rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    straight = anonymise(rows, ladders=LADDERS, k=5)
    mixed = anonymise([rows[n] for n in order], ladders=LADDERS, k=5)
    assert Counter(straight.rows) == Counter(mixed.rows)
    assert (straight.levels, straight.suppressed) == (mixed.levels, mixed.suppressed)


def test_a_table_that_is_k_anonymous_is_left_as_it_is_but_for_the_first_step():
    rows = [("33", "0", "woman")] * 5 + [("58", "1", "man")] * 6
    table = anonymise(rows, ladders=LADDERS, k=5)
    assert Counter(table.rows) == {("30-34", "0", "woman"): 5, ("55-59", "1", "man"): 6}
    assert (table.k_reached, table.rows_touched, dict(table.levels)["age"]) == (5, 0, 0)


def test_columns_are_coarsened_before_cells_are_emptied():
    rows = [(str(30 + n), "0", "woman") for n in range(10)]  # two bands of 5: enough for k = 5, not for 6
    assert set(anonymise(rows, ladders=LADDERS, k=5).rows) == {("30-34", "0", "woman"), ("35-39", "0", "woman")}
    table = anonymise(rows, ladders=LADDERS, k=6)
    assert set(table.rows) == {("30-39", "0", "woman")}
    assert (table.levels["age"], table.rows_touched) == (1, 0)


def test_one_who_stands_alone_loses_what_makes_them_so_and_a_large_class_spares_some():
    rows = [("33", "0", "woman")] * 50 + [("61", "0", "man")] * 6 + [("33", "0", "other")]
    table = anonymise(rows, ladders=LADDERS, k=5)
    assert Counter(table.rows) == {("30-34", "0", "woman"): 46, ("60-64", "0", "man"): 6, ("", "", ""): 5}
    assert table.suppressed == {"age": 5, "looked_up": 5, "gender": 5}


def test_where_no_class_can_spare_any_the_smallest_joins():
    rows = [("33", "0", "woman")] * 6 + [("61", "0", "man")] * 5 + [("33", "0", "other")] * 3
    table = anonymise(rows, ladders=[Ladder("a"), Ladder("b"), Ladder("c")], k=5)
    assert Counter(table.rows) == {("33", "0", "woman"): 6, ("", "", ""): 8}


def test_nobody_at_all_is_no_danger_and_no_quasi_identifier_makes_one_class():
    assert anonymise([], ladders=LADDERS, k=5).k_reached is None
    assert anonymise([()] * 6, ladders=(), k=5).k_reached == 6


@pytest.mark.parametrize("k", [1, 0, -1, 1001])
def test_a_k_that_means_nothing_is_refused(k):
    with pytest.raises(NotAnonymousError, match="from 2 to 1000"):
        anonymise([()] * 6, ladders=(), k=k)


@pytest.mark.parametrize(
    ("kind", "values", "value", "published"),
    [
        ("integer", "", "33", "30-34"),
        ("integer", "", "0", "0-4"),
        ("number", "", "-1.5", "-5--1"),
        ("integer", "", "forty", ""),
        ("number", "", "inf", ""),
        ("number", "", "nan", ""),
        ("flag", "0;1", "1", "1"),
        ("text", "yes;no", "no", "no"),
        ("text", "", "I live at 3, Mill Lane", ""),
        ("time", "", "1987-04-01", "1987"),
        ("JSON", "", "{}", ""),
        ("heaven knows", "", "x", ""),
    ],
)
def test_each_kind_of_answer_has_its_first_step(kind, values, value, published):
    assert declare_ladder("q", kind=kind, values=values).read(value, level=0) == published


@given(st.integers(-(10**6), 10**6))
def test_coarser_bands_hold_finer_ones(number):
    def limits(width):
        low, _, high = band(width)(str(number)).rpartition("-")
        return (int(low.rstrip("-") or 0), int(high)) if number >= 0 else None

    if number >= 0:
        fine, coarse = limits(5), limits(10)
        assert coarse[0] <= fine[0] <= number <= fine[1] <= coarse[1]


def test_a_year_is_a_year_or_nothing():
    assert (keep_year("2026-05-04T12:00:00Z"), keep_year("last May")) == ("2026", "")


def test_a_level_beyond_the_last_step_is_the_last_step():
    assert Ladder("age", (band(5), band(10))).read("33", level=7) == "30-39"
