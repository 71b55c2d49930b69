"""Cells out and in again, what spreadsheets would work out, and ids in free text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.bundle_cells import (
    ID_REMOVED,
    CellError,
    format_cell,
    format_time,
    guard_formulas,
    parse_day,
    parse_flag,
    parse_integer,
    parse_number,
    parse_time,
    remove_ids,
)

PANEL_ID = "5f0c8a1b2d3e4f5061728394"


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_times_come_back(moment):
    assert parse_time(format_time(moment)) == moment
    assert len(format_time(moment)) == 27


@given(st.floats(min_value=0, max_value=1e12))
def test_numbers_come_back(number):
    assert parse_number(format_cell(number)) == number


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_whole_numbers_come_back(number):
    assert parse_integer(format_cell(number)) == number


@pytest.mark.parametrize("value", [True, False, None])
def test_flags_come_back_and_nothing_is_nothing(value):
    assert parse_flag(format_cell(value)) is value
    assert (parse_time(""), parse_integer(""), parse_number(""), parse_day("")) == (None, None, None, None)


@pytest.mark.parametrize(
    ("parse", "cell"),
    [
        (parse_time, "2026-05-04"), (parse_time, "2026-05-04T12:00:00"), (parse_time, "noon"),
        (parse_integer, "1.0"), (parse_integer, "-1"), (parse_integer, "9" * 19), (parse_integer, "9" * 5000),
        (parse_integer, "٣"), (parse_number, "nan"), (parse_number, "inf"), (parse_number, "-0.1"),
        (parse_number, "many"), (parse_flag, "yes"), (parse_day, "2026-02-30"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_says_what_it_must_be(parse, cell):
    with pytest.raises(CellError, match="must be"):
        parse(cell)


def test_a_time_of_another_zone_is_read_as_utc():
    assert parse_time("2026-05-04T14:00:00+02:00") == datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert parse_time("2026-05-04T14:00:00+02:00").tzinfo != timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+491701234567", "'+491701234567"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "\t'=1"),
        (' "=1', " \"'=1"),
        ("x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"),
        ("one\n- two", "one\n'- two"),
        ("＝1", "'＝1"),
        ("1 - 1 = 0, I think", "1 - 1 = 0, I think"),
        ("it's well-made", "it's well-made"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_work_out_is_shown_as_text(cell, shown):
    assert guard_formulas(cell) == shown


@given(st.text(alphabet="=+-@;, \t\r\n\"'ab1", max_size=12))
def test_no_guarded_cell_begins_a_formula_anywhere_and_nothing_is_lost(cell):
    guarded = guard_formulas(cell)
    for part in guarded.replace("\t", ";").replace("\r", ";").replace("\n", ";").replace(",", ";").split(";"):
        assert part.lstrip(' "')[:1] not in ("=", "+", "-", "@")
    assert guarded.replace("'", "") == cell.replace("'", "")


@pytest.mark.parametrize(
    ("text", "known", "left"),
    [
        ("My id is Person-3.", ("person-3", None), f"My id is {ID_REMOVED}."),
        ("person-31 is not me", ("person-3", ""), "person-31 is not me"),
        (f"prolific {PANEL_ID}!", (), f"prolific {ID_REMOVED}!"),
        (PANEL_ID.upper(), (), ID_REMOVED),
        ("worker A1B2C3D4E5F6G7", (), f"worker {ID_REMOVED}"),
        ("ABSOLUTELYWRITTENBYAMACHINE", (), "ABSOLUTELYWRITTENBYAMACHINE"),
        ("12345 and 123456", ("12345", None), f"{ID_REMOVED} and 123456"),
        ("(a+b)*", ("(a+b)*", None), ID_REMOVED),
    ],
)
def test_platform_ids_are_taken_out_of_free_text(text, known, left):
    assert remove_ids(text, own=known) == left


def test_ids_of_other_participants_are_taken_out_as_whole_words():
    others = frozenset({"person-31", "a.b@panel.example"})
    text = "(PERSON-31), a.b@panel.example. person-310 wrote: person-31's"
    assert remove_ids(text, others=others) == (f"({ID_REMOVED}), {ID_REMOVED}. person-310 wrote: {ID_REMOVED}'s")
