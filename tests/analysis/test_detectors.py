import csv
import json
import random

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from analysis.detectors import _correlate, _count_alarms, _measure_area, judge_arms
from analysis.load import BundleError, load_bundle
from analysis.report import write_report
from analysis.study import Study
from tests.analysis.bundles import make_rows

TITLES = 24
HEADER = ("stimulus", "detector", "scorer", "given", "machine_when", "score", "tokens")


def write_bundle(folder, *, signal=1.0, agree=0.0, informed=0.0, rows=None):
    """Two arms, people who hear `informed` of the source and `agree` of the detector's score."""
    rng = random.Random(3)
    scores = {
        (f"item-{place:02}", source): (signal if source == "model" else 0.0) + rng.gauss(0, 1)
        for place in range(1, TITLES + 1)
        for source in ("human", "model")
    }

    def answer(number):
        answers = []
        for place in range(1, TITLES + 1):
            source = ("human", "model")[(number + place) % 2]
            heard = agree * scores[f"item-{place:02}", source] + informed * (1 if source == "model" else -1)
            answers.append((source, min(5, max(1, round(3 + heard + rng.gauss(0, 1))))))
        return answers

    people = {arm: [answer(number) for number in range(20)] for arm in ("control", "small")}
    make_rows(people).write(folder)
    stimuli = [
        (f"{item}-{arm or 'human'}", item, arm)
        for item in sorted({item for item, _ in scores})
        for arm in ("", "control", "small")
    ]
    files = {
        "items.csv": [("item", "title", "subtitle", "section", "source", "human_words")],
        "stimuli.csv": [("stimulus", "item", "arm", "words", "seed", "candidates", "text"),
                        *((*row, 10, "", "", "text") for row in stimuli)],
        "detectors.csv": [HEADER, *(rows or [
            (name, detector, scorer, "nothing", when, sign * scores[item, "model" if arm else "human"], 30)
            for detector, scorer, when, sign in (
                ("fast_detect_gpt", "m", "high", 1), ("log_rank", "m", "low", -1), ("stylometry", "", "high", -1),
            )
            for name, item, arm in stimuli
        ])],
    }  # fmt: skip
    for name, table in files.items():
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(table)
    return folder


def judge(folder, **options):
    bundle = load_bundle(write_bundle(folder, **options))
    found = judge_arms(bundle, Study(bundle).judgments, rng=np.random.default_rng(1))
    return {(one.detector, one.arm): one for one in found}


def test_an_area_of_drawn_titles_is_that_of_the_titles_as_often_as_drawn():
    rng = np.random.default_rng(2)
    human, model = rng.integers(0, 4, 9).astype(float), rng.integers(1, 6, 9).astype(float)
    weights = rng.multinomial(9, [1 / 9] * 9, size=5)
    value, drawn = _measure_area(human, model, weights)
    for own, weight in zip([value, *drawn], [np.ones(9, int), *weights], strict=True):
        h, m = np.repeat(human, weight), np.repeat(model, weight)
        assert own == pytest.approx(np.mean([(a > b) + 0.5 * (a == b) for a in m for b in h]))


def test_the_correlation_and_its_draws_are_spearmans():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=10), rng.integers(0, 3, 10).astype(float)
    weights = rng.multinomial(10, [0.1] * 10, size=400)
    estimate = _correlate(x, y, weights)
    assert estimate.value == pytest.approx(spearmanr(x, y).statistic)
    drawn = []
    for weight in weights:
        a, b = rankdata(np.repeat(x, weight)), rankdata(np.repeat(y, weight))
        drawn.append(np.corrcoef(a, b)[0, 1] if b.std() else np.nan)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.nanquantile(drawn, (0.025, 0.975))))
    assert _correlate(x, np.ones(10), weights).value is None


def test_no_text_sets_the_threshold_that_it_is_judged_by():
    human = np.array([*[0.0] * 19, 50.0])
    best, few = _count_alarms(human, np.full(20, 10.0))
    assert (best.rule, best.hits, best.false_alarms) == ("most_right", 20, 1)
    assert (few.rule, few.hits, few.false_alarms) == ("one_in_twenty", 2, 1)  # where it is left out, 0 is the bound
    assert best.share.value == 0.05
    assert (best.share.low, best.share.high) == pytest.approx((0.0089, 0.2361), abs=2e-4)


def test_signs_are_those_that_are_declared(tmp_path):
    found = judge(tmp_path)
    right, turned, wrong = (found[name, "small"] for name in ("fast_detect_gpt", "log_rank", "stylometry"))
    assert right.auc.value > 0.6
    assert turned.auc.value == right.auc.value
    assert wrong.auc.value == pytest.approx(1 - right.auc.value)
    assert right.auc.low < right.auc.value < right.auc.high
    assert found["people", "small"].difference.value is None
    assert right.difference.value == pytest.approx(right.auc.value - found["people", "small"].auc.value)


def test_people_who_know_more_than_the_machine_add_to_it_and_those_who_know_it_alone_do_not(tmp_path):
    knowing, echoing = judge(tmp_path / "a", informed=0.25), judge(tmp_path / "b", agree=0.6)
    added, nothing = knowing["fast_detect_gpt", "small"].added, echoing["fast_detect_gpt", "small"].added
    assert added.low > 1 and added.p < 0.05 and added.likelihood_ratio_p < 0.05 and added.df == TITLES - 1
    assert nothing.low < 1 < nothing.high and nothing.likelihood_ratio_p > 0.05
    assert echoing["fast_detect_gpt", "small"].among_models.low > 0.3
    assert knowing["fast_detect_gpt", "small"].among_models.low < 0.3


def test_scores_that_part_the_sources_leave_nothing_to_estimate(tmp_path):
    one = judge(tmp_path, signal=50.0)["fast_detect_gpt", "small"]
    assert one.auc.value == 1.0
    assert "part the sources without error" in one.added.reason and one.added.p is None


def test_the_report_sets_them_beside_the_people_and_says_where_there_are_none(tmp_path):
    folder = write_bundle(tmp_path / "bundle", informed=0.5)
    page = write_report(folder, tmp_path / "out", only=["detectors"], pdf=False).read_text(encoding="utf-8")
    assert "Fast-DetectGPT (m)" in page and "A single reader" in page
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["detectors"]
    assert [(one["detector"], one["arm"]) for one in results["judges"]][:3] == [
        ("people", "control"), ("fast_detect_gpt", "control"), ("log_rank", "control"),
    ]  # fmt: skip
    assert (tmp_path / "out" / "figures" / "detectors.svg").is_file()
    assert len((tmp_path / "out" / "tables" / "detectors.csv").read_text().splitlines()) == 9
    (folder / "detectors.csv").unlink()
    page = write_report(folder, tmp_path / "none", only=["detectors"], pdf=False).read_text(encoding="utf-8")
    assert "No machine detectors were run" in page


def test_scores_of_unknown_texts_or_with_two_signs_are_refused(tmp_path):
    rows = [("item-01-human", "d", "", "nothing", "high", 1, ""), ("nowhere", "d", "", "title", "low", 1, "")]
    with pytest.raises(BundleError) as fault:
        load_bundle(write_bundle(tmp_path, rows=rows))
    assert fault.value.faults == [
        "detectors.csv: row 3: stimulus 'nowhere' is not in stimuli.csv",
        "detectors.csv: machine_when is both high and low of 'd'; it must be one of them",
    ]
