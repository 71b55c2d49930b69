"""How long simulated participants take: within what people do, and what the server makes of their browsers' word."""

import random

import pytest

from studyapp.domain.behaviour import INPUT_KINDS, VIEWPORTS, read_behaviour
from studyapp.domain.simulated_reading import (
    FASTEST_WPM,
    SLOWEST_WPM,
    THINKING,
    draw_manner,
    draw_seconds,
    measure_visit,
    read_seconds,
)


@pytest.mark.parametrize("seed", range(30))
def test_a_person_reads_as_people_do_and_the_server_keeps_all_that_the_browser_says(seed):
    rng = random.Random(seed)
    manner = draw_manner(rng)
    seconds = draw_seconds(manner, words=200, rng=rng)
    assert 60 * 200 / FASTEST_WPM + THINKING[0] <= seconds <= 60 * 200 / SLOWEST_WPM + THINKING[1]
    said = measure_visit(manner, seconds=seconds, rng=rng)
    kept = read_behaviour(said.describe(), elapsed=seconds)
    assert (kept.page_seconds, kept.active_seconds) == (said.page, said.active)
    assert (kept.focus_losses, kept.answer_changes, kept.pastes) == (said.losses, said.changes, 0)
    assert kept.viewport in VIEWPORTS and kept.input_kind in INPUT_KINDS
    assert (said.active < said.page) == (said.losses > 0)


@pytest.mark.parametrize(
    ("said", "seconds"), [("12.5", 12.5), ("0", 0), ("", 0), ("-3", 0), ("nan", 0), ("inf", 0), ("1e9", 0), ("x", 0)]
)
def test_a_header_that_says_no_time_says_none(said, seconds):
    assert read_seconds(said) == seconds
