from dataclasses import replace

import pytest

from studyapp.domain.allocation_checks import AllocationFacts, check_allocation

READY = AllocationFacts(n_items=50, shown=25, per_cell={"control": 40, "small": 40}, unknown_studies=())


def say(facts, level):
    return [finding.message for finding in check_allocation(facts) if finding.level == level]


def test_a_pool_whose_titles_come_equally_often_passes_with_its_figures():
    assert say(READY, "warn") == say(READY, "refuse") == []
    assert say(READY, "pass") == [
        "control, small: 40 participants in a cell, 25 of 50 items each: every item is shown 20 times there."
    ]


@pytest.mark.parametrize("shown", [None, 25])
def test_where_all_items_are_shown_there_is_nothing_to_say(shown):
    assert check_allocation(replace(READY, n_items=25, shown=shown)) == []


def test_more_titles_than_there_are_refuse():
    (message,) = say(replace(READY, n_items=20), "refuse")
    assert message.startswith("25 items are to be shown to each participant, and the study has 20: add items")


def test_an_unknown_study_refuses():
    (message,) = say(replace(READY, unknown_studies=("pilto",)), "refuse")
    assert "no study 'pilto'" in message


def test_titles_that_come_unequally_often_warn_for_each_size_of_cell():
    (message,) = say(replace(READY, per_cell={"control": 40, "small": 41}), "warn")
    assert message == (
        "small: 41 participants in a cell, 25 of 50 items each: unequally often, 25 items 20 times, "
        "25 items 21 times. With participants_per_cell a multiple of 2 all would be shown equally often."
    )


def test_an_odd_pool_with_an_even_number_shown_can_never_be_equal():
    (message,) = say(replace(READY, n_items=51, shown=24, per_cell={"small": 26}), "warn")
    assert "39 items 12 times, 12 items 13 times" in message
    assert "only an odd `shown`" in message
