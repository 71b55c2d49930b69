from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.article_text import count_words
from studyapp.domain.reveal import cut_stages, find_reveal

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
sentences = st.lists(st.from_regex(r"[A-Z][a-z]{3,8}( [a-z]{1,8}){0,12}\.", fullmatch=True), min_size=1, max_size=6)
articles = st.lists(sentences.map(" ".join), min_size=1, max_size=8).map("\n\n".join)


def split(text, n_stages):
    ends = cut_stages(text, n_stages=n_stages)
    return [text[start:end] for start, end in zip((0, *ends[:-1]), ends, strict=True)]


@given(text=articles, n_stages=st.integers(1, 10))
def test_stages_are_the_whole_text_in_its_order_and_none_is_empty(text, n_stages):
    stages = split(text, n_stages)
    assert "".join(stages) == text
    assert all(count_words(stage) > 0 for stage in stages)
    assert len(stages) == min(n_stages, text.count(".") if text.count("\n\n") + 1 < n_stages else n_stages)


@given(text=articles, n_stages=st.integers(2, 6))
def test_a_cut_falls_between_paragraphs_where_there_are_enough_and_else_between_sentences(text, n_stages):
    has_enough = text.count("\n\n") + 1 >= n_stages
    for stage in split(text, n_stages)[:-1]:
        assert stage.endswith("\n\n") if has_enough else stage.rstrip().endswith(".")


@given(text=articles, n_stages=st.integers(2, 4))
def test_no_move_of_one_paragraph_over_a_cut_makes_the_stages_more_equal(text, n_stages):
    stages = [stage.split("\n\n") for stage in split(text, n_stages)]
    if text.count("\n\n") + 1 < n_stages:
        return
    stages = [[part for part in stage if part] for stage in stages]

    def spread(parts):
        return sum(count_words(" ".join(part)) ** 2 for part in parts)

    for number in range(len(stages) - 1):
        left, right = stages[number], stages[number + 1]
        for moved in ((left[:-1], [left[-1], *right]), ([*left, right[0]], right[1:])):
            if all(moved):
                assert spread([*stages[:number], *moved, *stages[number + 2 :]]) >= spread(stages)


def test_three_stages_of_a_long_article_are_about_a_third_each():
    text = "\n\n".join(" ".join([f"Word{n}"] * size) for n, size in enumerate([30, 50, 40, 20, 60, 45, 35, 50, 55, 40]))
    counts = [count_words(stage) for stage in split(text, 3)]
    assert sum(counts) == 425
    assert all(abs(count - 425 / 3) <= 30 for count in counts)


def test_one_paragraph_is_cut_between_sentences_and_not_after_an_abbreviation():
    text = 'Mr. Ash met Dr. Birch of the U.S. Navy. "It rained," she said. Then the sun came out over the town of Lund.'
    assert split(text, 3) == [
        "Mr. Ash met Dr. Birch of the U.S. Navy. ",
        '"It rained," she said. ',
        "Then the sun came out over the town of Lund.",
    ]


def test_a_text_of_one_sentence_is_shown_whole():
    assert cut_stages("Only this", n_stages=3) == (9,)


@pytest.mark.parametrize(
    ("shown_after", "now_after", "n_shown", "left"),
    [
        ([], 0, 1, 30),
        ([0], 0, 1, 30),
        ([0], 29.5, 1, 0.5),
        ([0], 30, 1, 0),
        ([0], 400, 1, 0),  # time alone reveals nothing: it must be asked for
        ([0, 41], 60, 2, 11),
        ([0, 41, 80], 80, 3, 0),
        ([0, 41, 80, 90], 80, 3, 0),
        ([3600], 0, 1, 0),  # the clock was set back
    ],
)
def test_the_next_stage_is_due_so_long_after_the_last_was_shown(shown_after, now_after, n_shown, left):
    times = [NOW + timedelta(seconds=seconds) for seconds in shown_after]
    reveal = find_reveal(n_stages=3, shown_times=times, wait_seconds=30, now=NOW + timedelta(seconds=now_after))
    assert (reveal.n_shown, reveal.seconds_left) == (n_shown, pytest.approx(left))
    assert reveal.is_whole is (n_shown == 3)
    assert reveal.may_go_on is (n_shown < 3 and left == 0)
