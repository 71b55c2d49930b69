import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.behaviour import INPUT_KINDS, MAX_BEHAVIOUR, MAX_COUNT, VIEWPORTS, Behaviour, read_behaviour

WHOLE = {
    "page": 18.5, "active": 12.25, "losses": 3, "changes": 1, "pastes": 0, "viewport": "narrow", "pointer": "coarse",
    "keyboard": False,
}  # fmt: skip


def read(*, elapsed=20.0, **changes):
    return read_behaviour(json.dumps({**WHOLE, **changes}), elapsed=elapsed)


def test_what_a_browser_can_have_seen_is_kept():
    assert read() == Behaviour(18.5, 12.25, 3, 1, 0, "narrow", "coarse")
    assert read(pointer="fine", keyboard=True).input_kind == "fine+keyboard"


@pytest.mark.parametrize(
    ("said", "name", "expected"),
    [
        ({"page": 20.9}, "page_seconds", 20.9),  # two clocks
        ({"page": 21.5}, "page_seconds", None),  # longer than the server saw pass
        ({"active": 19.4}, "active_seconds", 19.4),
        ({"active": 19.6}, "active_seconds", None),  # longer than the page was open
        ({"active": 19.6, "page": None}, "active_seconds", 19.6),
        ({"active": -1}, "active_seconds", None),
        ({"active": "12.5"}, "active_seconds", None),
        ({"active": True}, "active_seconds", None),
        ({"active": float("nan")}, "active_seconds", None),
        ({"active": float("inf")}, "active_seconds", None),
        ({"losses": 1e9}, "focus_losses", MAX_COUNT),
        ({"losses": float("inf")}, "focus_losses", None),
        ({"losses": 2.5}, "focus_losses", None),
        ({"changes": -1}, "answer_changes", None),
        ({"pastes": [1]}, "pastes", None),
        ({"viewport": "391x844"}, "viewport", ""),
        ({"viewport": ["wide"]}, "viewport", ""),
        ({"pointer": "laser", "keyboard": True}, "input_kind", ""),
        ({"keyboard": "yes"}, "input_kind", "coarse"),
    ],
)
def test_each_figure_is_kept_only_where_it_is_possible_and_leaves_the_others_alone(said, name, expected):
    read_now = read(**said)
    assert getattr(read_now, name) == expected
    assert read_now.answer_changes == (None if "changes" in said else 1)


@pytest.mark.parametrize("junk", ["", "null", "[]", "12", "{", "[" * 300, '{"page":', "x" * 5000, "\0", '"narrow"'])
def test_junk_is_unknown(junk):
    assert read_behaviour(junk, elapsed=20.0) == Behaviour()


def test_a_field_that_is_too_long_is_not_read():
    assert read_behaviour(json.dumps(WHOLE) + " " * MAX_BEHAVIOUR, elapsed=20.0) == Behaviour()


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers())


@given(said=st.fixed_dictionaries(dict.fromkeys(WHOLE, _VALUES)), elapsed=st.floats(0, 1e6))
def test_nothing_that_a_browser_says_breaks_the_bounds(said, elapsed):
    kept = read_behaviour(json.dumps(said), elapsed=elapsed)
    for seconds in (kept.page_seconds, kept.active_seconds):
        assert seconds is None or 0 <= seconds <= elapsed + 1.01
    for count in (kept.focus_losses, kept.answer_changes, kept.pastes):
        assert count is None or (isinstance(count, int) and 0 <= count <= MAX_COUNT)
    assert kept.viewport in ("", *VIEWPORTS)
    assert kept.input_kind in ("", *INPUT_KINDS)
