"""Levels in families that touch few columns."""

import numpy as np

from analysis.mixed_families import find_families


def read(rng: np.random.Generator, arms: np.ndarray, titles: int, each: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Participants of arms, titles drawn anew for each: the row's participant, its columns, and how many there are."""
    title = rng.random((len(arms), titles)).argsort(axis=1)[:, :each].ravel()
    level = np.repeat(np.arange(len(arms)), each)
    text = np.where(rng.random(level.size) < 0.5, titles * (2 + arms[level]) + title, titles + title)
    return level, np.array([title, text]), titles * (2 + int(arms.max()) + 1)


def test_participants_of_an_arm_are_a_family():
    arms = np.random.default_rng(1).permutation(np.repeat(np.arange(4), 150))
    level, places, size = read(np.random.default_rng(2), arms, 40, 12)
    family = find_families(level, places, levels=len(arms), size=size)
    assert len({(int(a), int(f)) for a, f in zip(arms, family, strict=True)}) == 4
    assert family.max() == 3


def test_where_everybody_reads_the_same_there_is_one_family():
    level, title = np.repeat(np.arange(50), 10), np.tile(np.arange(10), 50)
    assert find_families(level, title[None, :], levels=50, size=10).max() == 0


def test_without_other_parts_there_is_one_family():
    assert not find_families(np.arange(5), np.empty((0, 5), dtype=int), levels=5, size=0).any()
