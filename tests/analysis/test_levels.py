"""Levels in their order, of texts and of numbers."""

import polars as pl

from analysis.levels import number_levels


def test_levels_are_sorted_and_every_row_finds_its_own():
    for series in (pl.Series(["b", "a", "ä", "b"]), pl.Series([2, 1, 3, 2])):
        levels = number_levels(series)
        assert levels.index.tolist() == [1, 0, 2, 1]
        assert [levels.values[place] for place in levels.index] == [str(value) for value in series]
        assert len(levels) == 3
