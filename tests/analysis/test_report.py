"""The whole report: what it writes, that it writes it again byte for byte, and that odd bundles do not break it."""

import csv
import hashlib
import json
import random
import re

import pytest

from analysis import figures
from analysis.answer import analyse_bundle
from analysis.load import load_bundle
from analysis.report import write_report
from analysis.schema import SCHEMA_VERSION
from tests.analysis.bundles import answer_with, draw_people, make_pairs, make_rows

PLANTED = {"control": 0.86, "small": 0.76, "medium": 0.65, "large": 0.56, "huge": 0.52}


@pytest.fixture(scope="module")
def planted():
    people = {arm: draw_people(80, accuracy=accuracy, seed=n) for n, (arm, accuracy) in enumerate(PLANTED.items())}
    return make_rows(people)


@pytest.fixture(scope="module")
def few():
    """Three arms of few people, for what must be done with every section."""
    arms = ("control", "small", "large")
    return make_rows({arm: draw_people(8, accuracy=PLANTED[arm], items=12, seed=n) for n, arm in enumerate(arms)})


def read_results(rows, tmp_path, *, only=("none",)):
    """Of the published analysis alone, unless further sections are asked for (None: all)."""
    page = write_report(rows.write(tmp_path / "bundle"), tmp_path / "report", only=only, pdf=False)
    return json.loads((page.parent / "results.json").read_text())


def test_planted_accuracies_are_found(planted, tmp_path):
    results = read_results(planted, tmp_path)
    for arm in results["arms"]:
        truth = PLANTED[arm["arm"]]
        # 80 people with 25 items of 95 % judged: a standard error of about √(p(1-p) / 1900) ≤ .0115; four of them
        assert arm["accuracy"] == pytest.approx(truth, abs=0.046)
        assert arm["dont_know_rate"] == pytest.approx(0.05, abs=0.02)
        assert arm["ci_low"] < arm["accuracy"] < arm["ci_high"]
        assert (arm["participants"], arm["trials"]) == (80, 2000)
    assert 0.01 < results["power_law"]["b"] < 0.1
    assert results["arms"][0]["t"] is None
    assert all(arm["p"] < 1e-6 for arm in results["arms"][1:])


def test_everything_is_written(few, tmp_path):
    read_results(few, tmp_path, only=None)
    written = {str(path.relative_to(tmp_path / "report")) for path in (tmp_path / "report").rglob("*.*")}
    assert {"report.html", "results.json", "tables/arms.csv", "tables/flow.csv", "tables/curves.csv"} < written
    assert {"tables/detection_model.csv", "tables/detection_model.tex"} < written
    figures = {name for name in written if name.startswith("figures/")}
    assert {name.rsplit(".", 1)[1] for name in figures} == {"svg", "png"}
    assert len({name.rsplit(".", 1)[0] for name in figures}) * 2 == len(figures) >= 4


def test_the_page_needs_no_network_and_the_table_is_the_results(planted, tmp_path):
    results = read_results(planted, tmp_path)
    page = (tmp_path / "report" / "report.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!#|\w+-)[^"']*//""", page)
    assert "<script" not in page
    with (tmp_path / "report" / "tables" / "arms.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    for row, arm in zip(table, results["arms"], strict=True):
        assert float(row["accuracy"]) == arm["accuracy"]
        assert f"{100 * arm['accuracy']:.1f}" in page


def test_the_same_bundle_gives_the_same_bytes(few, tmp_path):
    digests = []
    for number in range(2):
        page = write_report(few.write(tmp_path / "bundle"), tmp_path / str(number), seed=3)
        files = sorted(page.parent.rglob("*.*"))
        digests.append([(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files])
    assert digests[0] == digests[1]


def test_the_order_of_rows_tells_nothing(planted, tmp_path):
    before = read_results(planted, tmp_path)
    shuffled = make_rows({})
    shuffled.arms = planted.arms
    shuffled.participants = random.Random(1).sample(planted.participants, len(planted.participants))
    shuffled.trials = random.Random(2).sample(planted.trials, len(planted.trials))
    after = read_results(shuffled, tmp_path / "again")
    for one, other in zip(before["arms"], after["arms"], strict=True):
        assert one["accuracy"] == pytest.approx(other["accuracy"], rel=1e-12)
        assert one["seconds_mean"] == pytest.approx(other["seconds_mean"], rel=1e-12)
    assert before["power_law"]["b"] == pytest.approx(after["power_law"]["b"], rel=1e-9)


def test_the_sides_can_be_exchanged(planted, tmp_path):
    """Human for model and 1 … 5 for 5 … 1 at once: every answer is as right as before."""
    before = read_results(planted, tmp_path)
    flipped = make_rows({})
    flipped.arms, flipped.participants = planted.arms, planted.participants
    flipped.trials = [
        {**trial, "source": {"human": "model", "model": "human"}[trial["source"]], "judgment": 6 - trial["judgment"]}
        for trial in planted.trials
    ]
    after = read_results(flipped, tmp_path / "again")
    assert [arm["accuracy"] for arm in before["arms"]] == [arm["accuracy"] for arm in after["arms"]]


ODD = {
    "nobody": {"control": [], "small": [], "large": []},
    "one person an arm": {arm: [answer_with(3, 1)] for arm in ("control", "small", "large")},
    "an empty arm": {"control": [answer_with(3, 1)] * 3, "small": [], "large": [answer_with(2, 2)] * 3},
    "all right": {arm: [answer_with(4, 0)] * 3 for arm in ("control", "s", "m", "l")},
    "all wrong": {arm: [answer_with(0, 4)] * 3 for arm in ("control", "s", "m", "l")},
    "all neutral": {arm: [answer_with(0, 0, 4)] * 3 for arm in ("control", "s", "m", "l")},
    "no control": {arm: [answer_with(3, 1), answer_with(2, 2)] for arm in ("s", "m", "l")},
    "one item": {arm: [[("human", 1)], [("human", 5)]] for arm in ("control", "s", "m", "l")},
    "only the control": {"control": [answer_with(3, 1), answer_with(2, 2)]},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_bundles_get_a_report_with_reasons(name, tmp_path):
    results = read_results(make_rows(ODD[name]), tmp_path, only=None)
    assert "NaN" not in (tmp_path / "report" / "results.json").read_text()
    for arm in results["arms"]:
        if arm["t"] is None:
            assert arm["no_test_because"]
    if results["power_law"].get("b") is None:
        assert results["power_law"]["reason"]
    page = (tmp_path / "report" / "report.html").read_text()
    assert not re.search(r"\b(nan|None|inf)\b", re.sub(r"<[^>]+>", " ", page))


def test_pairs_are_scored_as_choices_between_two(planted, tmp_path):
    single = read_results(planted, tmp_path / "single")
    paired = read_results(make_pairs(planted), tmp_path)
    assert (single["presentation"], paired["presentation"]) == ("single", "paired")
    for one, other in zip(single["arms"], paired["arms"], strict=True):
        for number in ("accuracy", "ci_low", "ci_high", "dont_know_rate", "p"):
            assert one[number] == other[number]
    page = (tmp_path / "report" / "report.html").read_text()
    assert "two-alternative choice" in page
    assert "guessing gives 50" in page
    assert "though not its task" in page
    assert "Seconds a pair" in page
    assert "how readily they say" not in page  # no leaning to one side can matter here
    assert "two-alternative" not in (tmp_path / "single" / "report" / "report.html").read_text()


def test_the_published_single_texts_are_not_drawn_beside_pairs(tmp_path, monkeypatch):
    monkeypatch.setitem(figures.STYLE, "svg.fonttype", "none")  # letters as letters
    people = {arm: draw_people(12, accuracy=0.7, seed=n) for n, arm in enumerate(("control", "s", "m", "l"))}
    rows = make_rows(people, sizes={"control": 10**8, "s": 10**8, "m": 10**9, "l": 10**10})
    drawn = []
    for number, bundle in enumerate((rows, make_pairs(rows))):
        pictures = figures.draw_figures(analyse_bundle(load_bundle(bundle.write(tmp_path / str(number)))))
        drawn.append(next(picture.svg for picture in pictures if picture.name == "accuracy"))
    assert [b"GPT-3 study, 2020" in svg for svg in drawn] == [True, False]


@pytest.mark.parametrize("name", ODD)
def test_odd_bundles_of_pairs_get_a_report_too(name, tmp_path):
    rows = make_pairs(make_rows(ODD[name]))
    folder = rows.write(tmp_path / "bundle")
    (folder / "manifest.json").write_text(json.dumps({"schema_version": "1", "presentation": "paired"}))
    page = write_report(folder, tmp_path / "report", only=["none"], pdf=False).read_text()
    assert "two-alternative choice" in page
    assert not re.search(r"\b(nan|None|inf)\b", re.sub(r"<[^>]+>", " ", page))


def test_names_from_the_bundle_are_text_in_the_page(tmp_path):
    rows = make_rows({"control": [answer_with(3, 1)] * 2, "s": [answer_with(3, 1)] * 2})
    rows.arms[1]["label"] = "<script>alert(1)</script>"
    read_results(rows, tmp_path)
    page = (tmp_path / "report" / "report.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_arms_without_a_size_are_told_and_left_out_of_the_curve(planted, tmp_path):
    rows = make_rows({})
    rows.participants, rows.trials = planted.participants, planted.trials
    rows.arms = [{**arm, "n_params": "" if arm["arm"] == "huge" else arm["n_params"]} for arm in planted.arms]
    results = read_results(rows, tmp_path)
    assert results["power_law"]["n_models"] == 3


def test_flow_counts_everybody_once(tmp_path):
    rows = make_rows({"control": [answer_with(3, 1)] * 6})
    for row, (status, excluded, reasons) in zip(
        rows.participants,
        [("completed", 0, ""), ("completed", 1, "looked_up"), ("completed", 1, "looked_up;internet_check"),
         ("dropped_out", 0, ""), ("withdrawn", 0, ""), ("enrolled", 0, "")],
        strict=True,
    ):  # fmt: skip
        row |= {"status": status, "excluded": excluded, "exclusion_reasons": reasons}
    flow = analyse_bundle(load_bundle(rows.write(tmp_path))).arms[0].flow
    assert (flow.recruited, flow.excluded, flow.analysed) == (6, 2, 1)
    assert flow.by_status == {"enrolled": 1, "completed": 3, "screened_out": 0, "dropped_out": 1, "withdrawn": 1}
    assert flow.reasons == {"internet_check": 1, "looked_up": 2}


def test_changes_after_launch_are_told_and_a_study_without_has_no_such_section(planted, tmp_path):
    folder = planted.write(tmp_path / "bundle")
    write_report(folder, tmp_path / "plain", only=["none"], pdf=False)
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "deviations": [
            {"at": "2026-05-04T12:00:00.000000Z", "key": "recruitment.reward", "before": "USD 6", "after": "USD 9",
             "reason": "it took <longer>"},
        ],
        "unblindings": [{"at": "2026-05-05T08:30:00.000000Z", "reason": "a harm was reported"}],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    page = write_report(folder, tmp_path / "report", only=["none"], pdf=False)
    text = page.read_text()
    for part in ("Changes after launch", "2026-05-04 12:00", "recruitment.reward", "USD 9", "it took &lt;longer&gt;",
                 "on 2026-05-05 08:30 UTC: a harm was reported"):  # fmt: skip
        assert part in text
    assert json.loads((page.parent / "results.json").read_text())["manifest"]["deviations"] == manifest["deviations"]
    assert "Changes after launch" not in (tmp_path / "plain" / "report.html").read_text()
