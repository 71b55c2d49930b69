"""Order: a planted change is found with the full fit's coefficient and error; halves and steps by hand."""

import numpy as np
import polars as pl
import pytest

from analysis.load import load_bundle
from analysis.mixed import fit
from analysis.order import follow_places, model_order, split_halves
from analysis.study import Study
from tests.analysis.bundles import answer_with, make_pairs, make_rows

SLOPE = 0.6  # of d′ over ten texts
TITLES = 20


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(8)
    answers, orders = {}, []
    for arm, d_prime in {"control": 1.6, "small": 0.8}.items():
        answers[arm] = []
        for person in range(45):
            lean, order = rng.normal(0, 0.3), rng.permutation(TITLES) + 1
            given = []
            for title in range(TITLES):
                x = 0.5 if (title + person) % 2 else -0.5
                d = d_prime + SLOPE * (order[title] - 10.5) / 10
                given.append(("model" if x > 0 else "human", 4 if d * x + lean + rng.normal() > 0 else 2))
            answers[arm].append(given)
            orders.extend(order)
    rows = make_rows(answers)
    for trial, position in zip(rows.trials, orders, strict=True):
        trial["position"] = int(position)
    return rows


def test_a_planted_change_is_found_as_the_full_fit_finds_it(rows, tmp_path):
    study = Study(load_bundle(rows.write(tmp_path)))
    learning = model_order(study)
    assert learning.d_prime.low < SLOPE < learning.d_prime.high
    assert learning.d_prime_p < 0.001
    assert learning.criterion.low < 0 < learning.criterion.high
    data = study.decided.with_columns(place=(pl.col("position") - pl.col("position").mean()) / 10)
    full = fit(learning.formula, data, levels={"arm": ["control", "small"]}, give="errors")
    place = full.names.index("x:place")
    assert learning.d_prime.value == pytest.approx(full.coefficients[place], abs=0.02)
    assert learning.d_prime.se == pytest.approx(full.standard_errors[place], rel=0.05)


def test_of_pairs_the_change_is_that_of_the_choice(rows, tmp_path):
    learning = model_order(Study(load_bundle(make_pairs(rows).write(tmp_path))))
    assert learning.d_prime.value > 0
    assert learning.criterion.value is None


def test_halves_by_hand():
    frame = pl.DataFrame(
        {
            "participant": ["p"] * 5 + ["q"] * 2,
            "arm": ["a"] * 7,
            "position": [1, 2, 3, 4, 5, 1, 2],
            "correct": [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0],
        }
    )
    (arm,) = split_halves(frame, arms=["a"])
    assert (arm.first.n, arm.first.mean) == (2, 0.75)
    assert (arm.second.n, arm.second.mean) == (1, pytest.approx(2 / 3))
    assert (arm.difference.n, arm.difference.mean) == (1, pytest.approx(1 / 6))


def test_steps_cover_every_place_once(rows, tmp_path):
    places = follow_places(Study(load_bundle(rows.write(tmp_path))).decided)
    assert [(place.low, place.high) for place in places] == [(n, n + 1) for n in range(1, TITLES, 2)]
    assert places[-1].accuracy.two_way.value > places[0].accuracy.two_way.value


def test_without_places_there_is_a_reason(tmp_path):
    rows = make_rows({"control": [answer_with(4, 2)] * 3, "small": [answer_with(3, 3)] * 3})
    rows.trials = [{**trial, "position": ""} for trial in rows.trials]
    study = Study(load_bundle(rows.write(tmp_path)))
    assert model_order(study).reason
    assert follow_places(study.decided) == []
