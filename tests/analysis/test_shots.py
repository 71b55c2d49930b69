"""Context articles and size: a planted change within a model is found, and arms without a number are left out."""

import numpy as np
import pytest

from analysis.load import load_bundle
from analysis.sections.shots import write
from analysis.shots import analyse_shots
from analysis.study import Study
from tests.analysis.bundles import make_rows

RATES = {"control": 0.9, "small-k0": 0.85, "small-k4": 0.65, "large-k0": 0.7, "plain": 0.7}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    rng = np.random.default_rng(3)
    answers = {
        arm: [[("model" if (place + person) % 2 else "human", None) for place in range(20)] for person in range(40)]
        for arm in RATES
    }
    for arm, people in answers.items():
        for given in people:
            for place, (source, _) in enumerate(given):
                is_right = rng.random() < RATES[arm]
                given[place] = (source, 4 if (source == "model") == is_right else 2)
    rows = make_rows(answers)
    for arm in rows.arms:
        name, _, shots = arm["arm"].partition("-k")
        arm |= {"shots": shots, "generator": f"checkpoint:{name}", "n_params": 10**6 if name == "small" else 10**8}
    rows.added_to_arms = ("shots",)
    return Study(load_bundle(rows.write(tmp_path_factory.mktemp("shots"))))


def test_a_change_is_of_one_model_and_its_sign_is_that_of_more_context(study):
    found = analyse_shots(study)
    assert [(arm.arm, arm.shots) for arm in found.arms] == [("small-k0", 0), ("small-k4", 4), ("large-k0", 0)]
    (change,) = found.changes
    assert (change.model, change.from_shots, change.to_shots) == ("checkpoint:small", 0, 4)
    own = change.tested.estimate
    assert own.low < -0.2 < own.high < 0 and change.tested.p < 0.001
    by_hand = found.arms[1].accuracy.value - found.arms[0].accuracy.value
    assert own.value == pytest.approx(by_hand)
    section = write(study)
    assert "with 4 context articles instead of 0 accuracy differs by" in section.sentences[0]
    assert section.pictures[0].svg.startswith(b"<?xml")


def test_a_study_that_says_nothing_of_it_is_told_so(tmp_path):
    rows = make_rows({"control": [[("model", 4), ("human", 2)]] * 4, "small": [[("model", 4), ("human", 4)]] * 4})
    section = write(Study(load_bundle(rows.write(tmp_path))))
    assert section.sentences == ("No arm says how many context articles stood in its prompts.",)
    assert not section.tables and not section.pictures
