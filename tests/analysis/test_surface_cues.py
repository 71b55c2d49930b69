"""The report's section on surface cues: a planted one is named, and a bundle without texts says so."""

import csv
import json
import random

import pytest

from analysis.load import load_bundle
from analysis.report import write_report
from analysis.surface_cues import audit_arms
from tests.analysis.bundles import make_rows

WORDS = ("town", "Rain", "mayor,", '"yes"', "1984", "said", "river", "people", "voted")


def write_bundle(folder, *, n=12, texts=True):
    """A bundle of two arms, of which the second's texts have no paragraphs."""
    rng = random.Random(6)
    people = [[("human", 2), ("model", 4)] * 3] * 2
    path = make_rows({"control": people, "small": people}).write(folder)

    def write(join):
        parts = (" ".join(rng.choice(WORDS) for _ in range(rng.randint(12, 18))) + "." for _ in range(4))
        return join.join(parts)

    rows = [
        (f"{item}-{arm}", item, arm, 60, "", "", write(" " if arm == "small" else "\n\n") if texts else "")
        for item in range(n)
        for arm in ("", "control", "small")
    ]
    with (path / "stimuli.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("stimulus", "item", "arm", "words", "seed", "candidates", "text"))
        writer.writerows(rows)
    return path


def test_the_cue_that_gives_an_arm_away_is_named(tmp_path):
    control, small = audit_arms(load_bundle(write_bundle(tmp_path / "bundle")))
    assert (small.titles, small.accuracy, small.auc) == (12, 1.0, 1.0)
    assert small.p < 0.05 < control.p
    assert (small.cues[0].feature, small.cues[0].human, small.cues[0].model) == ("paragraphs", 4.0, 1.0)


def test_it_is_in_the_report_with_its_numbers_and_its_table(tmp_path):
    page = write_report(write_bundle(tmp_path / "bundle"), tmp_path / "out", only=["surface_cues"])
    text = page.read_text(encoding="utf-8")
    assert "Could they be told apart without reading?" in text
    assert "paragraphs: human 4.0, model 1.0" in text
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["surface_cues"]
    assert [arm["arm"] for arm in results] == ["control", "small"]
    table = (tmp_path / "out" / "tables" / "surface_cues.csv").read_text(encoding="utf-8").splitlines()
    assert table[2].startswith("small,12,1.0,")
    assert (tmp_path / "out" / "figures" / "surface_cues.svg").is_file()


@pytest.mark.parametrize(("n", "texts", "said"), [(12, False, "no texts of both sources"), (3, True, "fewer than 4")])
def test_what_cannot_be_worked_out_is_said(tmp_path, n, texts, said):
    path = write_bundle(tmp_path / "bundle", n=n, texts=texts)
    assert all(said in arm.reason for arm in audit_arms(load_bundle(path)))
    page = write_report(path, tmp_path / "out", only=["surface_cues"])
    assert page.read_text(encoding="utf-8").count(said) == 1  # a line for all arms
