"""The primary model on bundles: planted sensitivities, and what must not depend on how arms are named or ordered."""

import numpy as np
import pytest
from scipy import stats

from analysis.detection_model import fit_detection
from analysis.load import load_bundle
from analysis.sections import detection_model, dont_know
from analysis.study import Study
from tests.analysis.bundles import answer_with, draw_people, make_pairs, make_rows

PLANTED = {"control": 1.8, "small": 0.9, "large": 0.2}


def plant(*, people=60, titles=24, seed=4):
    """People with sensitivities and leanings of their own, texts that are easier or harder, forms that are balanced."""
    rng = np.random.default_rng(seed)
    title_effect = rng.normal(0, 0.2, titles)
    human_effect = rng.normal(0, 0.3, titles)
    answers = {}
    for arm, d_prime in PLANTED.items():
        model_effect = rng.normal(0, 0.3, titles)
        answers[arm] = []
        for number in range(people):
            lean, slope = rng.normal(0, 0.4), rng.normal(0, 0.3)
            given = []
            for title in range(titles):
                is_model = (title + number) % 2 == 0
                x = 0.5 if is_model else -0.5
                effect = model_effect[title] if is_model else human_effect[title]
                says = (d_prime + slope) * x + lean + title_effect[title] + effect + rng.normal() > 0
                given.append(("model" if is_model else "human", 4 if says else 2))
            answers[arm].append(given)
    return make_rows(answers)


@pytest.fixture(scope="module")
def rows():
    return plant()


def fit_rows(rows, folder):
    return fit_detection(Study(load_bundle(rows.write(folder))))


def test_planted_sensitivities_lie_in_their_intervals(rows, tmp_path):
    model = fit_rows(rows, tmp_path)
    assert model.fit.diagnostics.converged
    for arm in model.arms:
        assert arm.d_prime.low < PLANTED[arm.arm] < arm.d_prime.high
        # 24 titles, 60 people: an interval much wider would come of an error in the variances
        assert arm.d_prime.high - arm.d_prime.low < 0.8
        assert arm.criterion.low < 0 < arm.criterion.high
        assert arm.df == 23
        half = stats.t.ppf(0.975, 23) * arm.d_prime.se
        assert (arm.d_prime.low, arm.d_prime.high) == pytest.approx(
            (arm.d_prime.value - half, arm.d_prime.value + half)
        )
        spread = np.sqrt(1 + 0.4**2 + 0.3**2 / 4 + 0.2**2 + 0.3**2)
        assert arm.accuracy.value == pytest.approx(stats.norm.cdf(PLANTED[arm.arm] / 2 / spread), abs=0.06)
        assert arm.accuracy.low < arm.accuracy.value < arm.accuracy.high
    assert sum(model.shares.values()) == pytest.approx(1)


def test_names_and_order_of_arms_change_nothing(rows, tmp_path):
    before = {arm.arm: arm for arm in fit_rows(rows, tmp_path / "before").arms}
    turned = make_rows({})
    turned.arms, turned.participants, turned.trials = rows.arms[::-1], rows.participants, rows.trials
    for arm in fit_rows(turned, tmp_path / "after").arms:
        assert arm.d_prime.value == pytest.approx(before[arm.arm].d_prime.value, abs=1e-5)
        assert arm.d_prime.se == pytest.approx(before[arm.arm].d_prime.se, rel=1e-4)
        assert arm.accuracy.value == pytest.approx(before[arm.arm].accuracy.value, abs=1e-5)


def test_human_texts_are_one_item_shared_by_all_arms(rows, tmp_path):
    model = fit_rows(rows, tmp_path)
    levels = {part.group: part.levels for part in model.fit.components}
    assert levels == {"participant": 180, "title": 24, "item": 24 + 3 * 24}


def test_calling_human_machine_turns_the_sign_of_the_criterion_alone(rows, tmp_path):
    before = fit_rows(rows, tmp_path / "before").arms
    flipped = make_rows({})
    flipped.arms, flipped.participants = rows.arms, rows.participants
    flipped.trials = [{**trial, "judgment": 6 - trial["judgment"]} for trial in rows.trials]
    for one, other in zip(before, fit_rows(flipped, tmp_path / "after").arms, strict=True):
        assert other.d_prime.value == pytest.approx(-one.d_prime.value, abs=1e-5)
        assert other.criterion.value == pytest.approx(-one.criterion.value, abs=1e-5)
        assert other.accuracy.value == pytest.approx(1 - one.accuracy.value, abs=1e-5)


def test_one_arm_is_enough(tmp_path):
    people = draw_people(20, accuracy=0.8, seed=2)
    model = fit_rows(make_rows({"only": people}), tmp_path)
    assert [arm.arm for arm in model.arms] == ["only"]
    assert model.arms[0].accuracy.value == pytest.approx(0.8, abs=0.06)


def test_pairs_have_no_criterion_and_a_smaller_sensitivity_for_the_same_accuracy(rows, tmp_path):
    single, paired = fit_rows(rows, tmp_path / "single"), fit_rows(make_pairs(rows), tmp_path / "paired")
    for one, other in zip(single.arms, paired.arms, strict=True):
        assert other.criterion.value is None
        assert other.accuracy.value == pytest.approx(one.accuracy.value, abs=0.02)
        assert other.d_prime.value < one.d_prime.value


def test_answers_that_are_all_the_same_give_a_reason(tmp_path):
    rows = make_rows({"control": [answer_with(0, 0, 4)] * 3, "small": [answer_with(0, 0, 4)] * 3})
    section = detection_model.write(Study(load_bundle(rows.write(tmp_path))))
    assert section.results["reason"]
    assert section.tables == {}


def test_a_mixed_model_of_very_many_judgments_is_fitted_only_when_it_is_asked_for(rows, tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.study.MOST_UNASKED", 100)
    bundle = load_bundle(rows.write(tmp_path))
    left_out = Study(bundle)
    assert fit_detection(left_out).fit is None
    assert "--mixed" in fit_detection(left_out).reason
    assert "--mixed" in dont_know.write(left_out).results["test"]["reason"]
    assert Study(bundle, mixed=True).no_mixed == ""
    assert "--no-mixed" in Study(bundle, mixed=False).no_mixed
