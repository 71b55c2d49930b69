"""The robust twin against statsmodels, by hand, and beside the mixed model."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.agreement_of_methods import compare_methods
from analysis.cluster_robust import fit_robust
from analysis.load import load_bundle
from analysis.study import Study
from tests.analysis.test_detection_model import plant
from tests.analysis.test_mixed import make_study


def test_coefficients_solve_the_likelihood_and_the_clusters_are_summed_by_hand():
    frame = make_study(people=24, titles=8)
    found = fit_robust("said_machine ~ x * arm", frame, clusters=("participant", "item"))
    x = np.column_stack([np.ones(frame.height), frame["x"], *(frame["arm"] == arm for arm in ("m1", "m2"))])
    x = np.column_stack([x, x[:, 1] * x[:, 2], x[:, 1] * x[:, 3]]).astype(float)
    y = frame["said_machine"].to_numpy()
    eta = x @ found.coefficients
    density, cdf = stats.norm.pdf(eta), stats.norm.cdf(eta)
    score = x * (density * (y - cdf) / (cdf * (1 - cdf)))[:, None]
    assert score.sum(0) == pytest.approx(np.zeros(6), abs=1e-6)
    bread = np.linalg.inv((x * (density**2 / (cdf * (1 - cdf)))[:, None]).T @ x)
    assert found.naive == pytest.approx(bread, rel=1e-6)
    middle = -score.T @ score * len(y) / (len(y) - 1)
    for name in ("participant", "item"):
        sums = [score[(frame[name] == level).to_numpy()].sum(0) for level in frame[name].unique()]
        middle = middle + sum(np.outer(part, part) for part in sums) * len(sums) / (len(sums) - 1)
    assert found.covariance == pytest.approx(bread @ middle @ bread, rel=1e-6)
    assert found.clusters == {"participant": 24, "item": 8 + 24}
    assert found.df == 23


def test_an_arm_that_is_all_right_has_no_finite_estimate():
    frame = make_study(people=12, titles=6).with_columns(said_machine=(pl.col("x") > 0).cast(pl.Float64))
    assert not fit_robust("said_machine ~ x", frame, clusters=("participant", "item")).converged


def test_the_methods_agree_where_their_assumptions_hold(tmp_path):
    arms = compare_methods(Study(load_bundle(plant(people=50, titles=24).write(tmp_path)), seed=1))
    for arm in arms:
        assert arm.mixed.se == pytest.approx(arm.plain.two_way.se, rel=0.4)
        assert arm.twin.value == pytest.approx(arm.mixed.value, abs=0.03)
        assert arm.twin.se > arm.plain.by_participant.se  # it knows of texts


def test_a_method_that_is_far_off_is_named(tmp_path, monkeypatch):
    study = Study(load_bundle(plant(people=30, titles=16).write(tmp_path)), seed=1)
    monkeypatch.setattr("analysis.agreement_of_methods.MOST_APART", 0.0)
    assert set(compare_methods(study)[0].apart) == {"two-way", "bootstrap", "twin"}
