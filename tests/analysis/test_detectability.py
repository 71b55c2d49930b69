"""Texts that were planted hard or easy come out so, shrunk by how few judged them."""

import numpy as np
import pytest

from analysis.detectability import measure_inequality, measure_texts
from analysis.load import load_bundle
from analysis.study import Study
from tests.analysis.bundles import make_rows


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two arms of 20 titles; title 0 is always got right, title 1 seldom, the rest by 70 %."""
    rng = np.random.default_rng(3)
    people = {}
    for arm in ("control", "small"):
        people[arm] = []
        for number in range(40):
            given = []
            for title in range(20):
                source = "model" if (title + number) % 2 else "human"
                right = rng.random() < {0: 0.98, 1: 0.2}.get(title, 0.7)
                given.append((source, 4 if (source == "model") == right else 2))
            people[arm].append(given)
    return Study(load_bundle(make_rows(people).write(tmp_path_factory.mktemp("bundle"))), seed=1)


def test_hard_and_easy_texts_stand_at_the_ends_and_are_shrunk(study):
    texts = measure_texts(study)
    # each arm judged a human and a model text of every title
    assert len(texts) == 2 * 2 * 20
    assert {text.title for text in texts[:3]} == {"item-02"}
    assert {text.title for text in texts[-2:]} == {"item-01"}
    mean = np.mean([text.share for text in texts])
    for text in texts:
        assert text.shrunk.low < text.shrunk.value < text.shrunk.high
    hardest = min(texts, key=lambda text: text.share)
    assert hardest.share < hardest.shrunk.value < mean
    spread = [np.std([text.share for text in texts]), np.std([text.shrunk.value for text in texts])]
    assert spread[1] < spread[0]


def test_inequality_is_over_titles_and_holds_its_value(study):
    found = {part.measure: part for part in measure_inequality(study, rng=np.random.default_rng(2))}
    assert {part.unit for part in found.values()} == {"title"}  # no items.csv, so no sections
    for part in found.values():
        assert part.units == 20
        assert 0 < part.value.low < part.value.value * 1.5
        assert part.value.low < part.value.high
