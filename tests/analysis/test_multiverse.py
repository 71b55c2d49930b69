"""The multiverse: each of its ways is the analysis that it names, and clear effects are kept in all of them."""

import pytest
from scipy import stats

from analysis.load import load_bundle
from analysis.multiverse import LEFT_OUT, WRONG, list_conclusions, name_outcome, vary_analysis
from analysis.study import Study
from tests.analysis.bundles import answer_with, draw_people, make_pairs, make_rows

SHARES = {"control": 0.9, "small": 0.75, "large": 0.5}


@pytest.fixture(scope="module")
def rows():
    return make_rows(
        {arm: draw_people(24, accuracy=share, items=16, seed=n) for n, (arm, share) in enumerate(SHARES.items())}
    )


@pytest.fixture(scope="module")
def study(rows, tmp_path_factory):
    return Study(load_bundle(rows.write(tmp_path_factory.mktemp("bundle"))))


@pytest.fixture(scope="module")
def found(study):
    return vary_analysis(study)


def test_every_choice_meets_every_other(found):
    assert len({(one.dont_know, one.people, one.method) for one in found.specifications}) == 3 * 3 * 2 + 3 * 2 + 1
    first = found.specifications[0]
    assert (first.dont_know, first.people, first.method) == (LEFT_OUT, "declared", "two-way")


def test_participants_left_out_as_declared_is_the_published_test(found, study):
    wanted = (LEFT_OUT, "declared", "participants")
    one = next(s for s in found.specifications if (s.dont_know, s.people, s.method) == wanted)
    for place, conclusion in enumerate(found.conclusions):
        if conclusion.kind == "control":
            test = next(arm.comparison for arm in study.answer.arms if arm.arm == conclusion.arm)
            assert 2 * stats.norm.sf(abs(one.z[place])) == pytest.approx(test.p, rel=1e-6)


def test_the_mixed_models_conclusion_on_an_arm_is_its_d_prime(found, study):
    one = next(s for s in found.specifications if s.method == "mixed model")
    for place, conclusion in enumerate(found.conclusions):
        if conclusion.kind == "chance":
            arm = next(arm for arm in study.detection.arms if arm.arm == conclusion.arm)
            p = 2 * stats.t.sf(abs(arm.d_prime.value / arm.d_prime.se), arm.df)
            assert abs(one.z[place]) == pytest.approx(stats.norm.isf(p / 2), rel=1e-6)
            assert one.z[place] * arm.d_prime.value > 0


def test_clear_effects_are_kept_in_every_way(found):
    kept = {(part.conclusion.kind, part.conclusion.arm): part for part in found.kept}
    for key, ways in {("chance", "control"): 19, ("chance", "small"): 19, ("control", "large"): 25}.items():
        assert kept[key].base == "positive"
        assert kept[key].same == kept[key].total == ways  # of guessing none where "I don't know" is wrong
    assert kept[("trend", "")].base == "negative"


def test_of_pairs_there_are_as_many(rows, tmp_path):
    found = vary_analysis(Study(load_bundle(make_pairs(rows).write(tmp_path))))
    assert len(found.specifications) == 25
    outcomes = {name_outcome(one.z[0]) for one in found.specifications if one.dont_know != WRONG}
    assert outcomes == {"positive"}


def test_an_arm_without_decided_answers_has_no_conclusion(tmp_path):
    rows = make_rows({"control": [answer_with(4, 2)] * 3, "small": [answer_with(0, 0, 6)] * 3})
    conclusions = list_conclusions(Study(load_bundle(rows.write(tmp_path))))
    assert [(one.kind, one.arm) for one in conclusions] == [("chance", "control")]
