import csv
import zipfile

import pytest

from generator import detect
from generator.detect import DetectionPlan, Step, StudyText, make_passages
from generator.detectors import BINOCULARS, MACHINE_WHEN, DetectionError
from tests.generator.conftest import make_articles


def test_steps_read_each_model_once_and_the_pair_together():
    plan = DetectionPlan(models=("a", "b", "c", "a"), observer="c", given=("nothing", "title"))
    assert plan.list_steps() == [
        Step(("a", "c"), "nothing"),
        Step(("b",), "nothing"),
        Step(("a", "c"), "title"),
        Step(("b",), "title"),
        Step((), "nothing"),
    ]
    assert [step.key for step in plan.list_steps()][-2:] == ["title b", "style"]
    for wrong in ({"models": (), "style": False}, {"models": ("a",), "observer": "a"}, {"models": (), "observer": "b"}):
        with pytest.raises(DetectionError):
            DetectionPlan(**wrong)


def test_versions_of_a_title_are_cut_to_the_shortest():
    texts = [
        StudyText("h", "one", "T", "", "a b c d", False),
        StudyText("m", "one", "T", "", "a b c", True),
        StudyText("n", "two", "U", "", "a b c d e", True),
    ]
    assert [passage.cut() for passage in make_passages(texts, equal_length=True)] == ["a b c", "a b c", "a b c d e"]
    assert next(passage.cut() for passage in make_passages(texts, equal_length=False)) == "a b c d"


def test_the_command_writes_the_detectors_of_a_bundle(tmp_path, checkpoints, capsys):
    rows = make_articles(4, words=30)
    with (tmp_path / "stimuli.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["stimulus", "item", "arm", "text"])
        for number, row in enumerate(rows):
            table.writerow([f"h{number}", row["id"], "", row["body"]])
            table.writerow([f"m{number}", row["id"], "small", row["body"].upper()])
    with (tmp_path / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item", "title", "subtitle"])
        table.writerows([row["id"], row["title"], row["subtitle"]] for row in rows)
    bundle = tmp_path / "bundle.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        for name in ("stimuli.csv", "items.csv"):
            archive.write(tmp_path / name, name)
    dense, banded = (str(checkpoints[name]) for name in ("dense", "alternating"))
    out, copy = tmp_path / "detectors.csv", tmp_path / "dense"
    copy.mkdir()
    assert detect.main([str(bundle), "--model", dense, "--observer", banded, "--out", str(out)]) == 0
    with out.open(newline="") as file:
        scores = list(csv.DictReader(file))
    assert len(scores) == 8 * (2 * (9 + 8) + 1)
    assert {(row["detector"], row["machine_when"]) for row in scores} == {*MACHINE_WHEN.items(), ("stylometry", "high")}
    told = {(r["stimulus"], r["given"]): float(r["score"]) for r in scores if r["detector"] == BINOCULARS}
    assert told["h0", "nothing"] != told["h0", "title"]
    likely = {
        row["stimulus"]: float(row["score"])
        for row in scores
        if (row["detector"], row["scorer"], row["given"]) == ("log_likelihood", checkpoints["dense"].name, "nothing")
    }
    assert all(likely[f"h{number}"] > likely[f"m{number}"] for number in range(4))  # no capitals in its corpus
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "items.csv").write_text("item,title\n")
    (tmp_path / "bare" / "stimuli.csv").write_text("stimulus,item\n")
    for arguments, message in (
        ([tmp_path / "no.zip"], "no.zip; name a bundle's .zip or folder"),
        ([tmp_path / "bare"], "stimuli.csv of"),
        ([bundle, "--out", tmp_path], "is a folder; name a file"),
        ([bundle, "--model", tmp_path / "none"], "no config.json"),
        ([bundle, "--model", dense, "--model", copy], "two models are called dense; name their folders differently"),
    ):
        assert detect.main(["--out", str(out), *map(str, arguments)]) == 2
        told = capsys.readouterr().err
        assert told.startswith("error: ") and message in told
