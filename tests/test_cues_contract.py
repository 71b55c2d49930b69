"""The launch checklist and the report say the same of a study's surface cues, each with code of its own."""

import random

import pytest

from analysis.surface_cues import FEATURES as UNITS
from analysis.surface_cues import audit_arm
from studyapp.domain.surface_cues import FEATURES, audit_cues

WORDS = (
    "town",
    "Rain",
    "mayor,",
    '"Yes,"',
    "1984",
    "said",
    "Ångström",
    "well-known",
    "(so)",
    "élan",
    "9%",
    "end.",
    "“x”",
)


def write(rng, *, cue):
    parts = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(5, 30))) for _ in range(rng.randint(1, 4))]
    return "\n\n".join(parts) + rng.choice((".", "", "!", '."')) + (" 2020, he said." if rng.random() < cue else "")


@pytest.mark.parametrize(("seed", "n", "cue"), [(1, 4, 0.0), (2, 7, 0.9), (3, 23, 0.5), (4, 41, 0.2)])
def test_both_sides_say_the_same(seed, n, cue):
    rng = random.Random(seed)
    human, model = ([write(rng, cue=c) for _ in range(n)] for c in (0.0, cue))
    there, here = audit_arm("a", human, model), audit_cues(tuple(human), tuple(model))
    assert (there.titles, there.accuracy, there.auc, there.p) == (here.n_items, here.accuracy, here.auc, here.p)
    assert (there.low, there.high) == pytest.approx(
        (here.low, here.high), abs=0.02 if here.accuracy * 2 * n % 1 else 1e-6
    )
    found = {cue.feature: (cue.human, cue.model, cue.auc) for cue in there.cues}
    expected = {cue.feature: (cue.human, cue.model, cue.auc) for cue in here.cues}
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        assert found[name] == pytest.approx(numbers), name
    assert there.cues[0].feature == here.cues[0].feature


def test_both_sides_count_the_same_features():
    assert list(UNITS) == list(FEATURES)
