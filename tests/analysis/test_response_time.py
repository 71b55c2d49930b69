"""Times: a planted slope over size is found, what is unknown is left out, and fifths are within participants."""

from math import exp

import numpy as np
import pytest

from analysis.load import load_bundle
from analysis.response_time import follow_speed, model_time
from analysis.study import Study
from tests.analysis.bundles import draw_people, make_pairs, make_rows

SLOPE = 0.15  # of log seconds over ten times the parameters


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    arms = ("control", "small", "medium", "large")
    rows = make_rows({arm: draw_people(25, accuracy=0.7, items=16, seed=n) for n, arm in enumerate(arms)})
    pace = {person["participant"]: rng.normal(3.7, 0.3) for person in rows.participants}
    for trial in rows.trials:
        size = arms.index(trial["arm"]) - 2 if trial["arm"] != "control" else 0.4
        trial["seconds"] = exp(
            pace[trial["participant"]] + SLOPE * size - 0.02 * (trial["position"] - 8.5) + rng.normal(0, 0.3)
        )
    return rows


def test_a_planted_slope_is_found(rows, tmp_path):
    model = model_time(Study(load_bundle(rows.write(tmp_path))))
    size, place = model.fit.coefficient("size"), model.fit.coefficient("place")
    assert size.low < SLOPE < size.high
    assert size.df < 110  # it is told by the participants of the arms, not by their answers
    assert place.low < -0.2 < place.high
    assert model.fit.coefficient("control").p < 0.01 or model.fit.coefficient("control").value > 0
    assert model.fit.coefficient("words") is None


def test_of_pairs_there_is_no_source(rows, tmp_path):
    model = model_time(Study(load_bundle(make_pairs(rows).write(tmp_path))))
    assert model.fit.coefficient("x") is None
    assert model.fit.coefficient("size").low < SLOPE < model.fit.coefficient("size").high


def test_answers_without_a_time_are_left_out_and_counted(rows, tmp_path):
    holed = make_rows({})
    holed.arms, holed.participants = rows.arms, rows.participants
    holed.trials = [{**trial, "seconds": "" if n % 4 == 0 else trial["seconds"]} for n, trial in enumerate(rows.trials)]
    model = model_time(Study(load_bundle(holed.write(tmp_path / "some"))))
    assert (model.untimed, model.fit.observations) == (400, 1200)
    holed.trials = [{**trial, "seconds": ""} for trial in rows.trials]
    assert model_time(Study(load_bundle(holed.write(tmp_path / "none")))).reason == "there are no times"


def test_fifths_hold_as_many_of_everybody(rows, tmp_path):
    study = Study(load_bundle(rows.write(tmp_path)))
    fifths = follow_speed(study)
    assert [fifth.seconds for fifth in fifths] == sorted(fifth.seconds for fifth in fifths)
    assert all(fifth.accuracy.participants > 85 for fifth in fifths)  # of 100: slow people are in fast fifths too
