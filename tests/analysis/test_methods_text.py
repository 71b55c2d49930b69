"""The methods paragraph says what the bundle and its design say, and nothing that they do not."""

import json

import pytest

from analysis.load import load_bundle
from analysis.methods_text import format_markdown, write_methods
from analysis.schema import SCHEMA_VERSION
from analysis.sections import Section
from analysis.study import Study
from tests.analysis.bundles import answer_with, make_pairs, make_rows

DESIGN = {
    "study": {"language": "en"},
    "texts": {"consent": "Yes.", "question": "Who do you\nthink wrote this?"},
    "articles": {"candidates": 5},
    "normalisation": {"rules": ["quotes", "sign_offs"]},
    "checks": {"exclusion_rules": ["looked_up", "too_fast"]},
    "exclusion": {"too_fast_wpm": 1000, "too_fast_seconds": 0.0, "dont_know_share": 0.5},
    "recruitment": {"platform": "prolific", "reward": "USD 6", "estimated_minutes": 30},
}


def make(folder, *, manifest=None, pairs=False):
    rows = make_rows({"control": [answer_with(3, 1)] * 3, "small": [answer_with(2, 2)] * 3})
    rows.participants[0] |= {"excluded": 1, "exclusion_reasons": "looked_up"}
    for row in rows.participants:
        row["enrolled_at"] = "2026-05-04T12:00:00.000000Z"
    (make_pairs(rows) if pairs else rows).write(folder)
    if manifest:
        (folder / "manifest.json").write_text(json.dumps({"schema_version": SCHEMA_VERSION, **manifest}))
    return Study(load_bundle(folder))


@pytest.mark.parametrize(
    ("heading", "parts"),
    [
        ("Participants", ["6 participants took part, recruited through Prolific; 5 were analysed", "paid USD 6",
                          "estimated 30 minutes", "enrolled on 2026-05-04", "consented"]),
        ("Materials", ["4 news stories", "1 language model ", "a control model", "Of 5 texts", "quotes, sign offs"]),
        ("Design and procedure", ["one of 2 arms; a participant read 4 texts", "“Who do you think wrote this?”",
                                  "SHA-256 abc", "one change was made"]),
        ("Exclusions", ["looked up, too fast (wpm 1000).", "One was excluded (looked up 1)", "0 dropped out"]),
        ("Analysis", ["Student’s t test", "seed 0"]),
    ],
)  # fmt: skip
def test_a_frozen_design_is_told(heading, parts, tmp_path):
    manifest = {"design": DESIGN, "design_sha256": "abc", "deviations": [{"key": "x"}]}
    said = write_methods(make(tmp_path, manifest=manifest), [])[heading]
    for part in parts:
        assert part in said


def test_a_bundle_of_three_tables_gets_no_guess(tmp_path):
    said = " ".join(write_methods(make(tmp_path), []).values())
    for part in (
        "recruited through",
        "paid",
        "consented",
        "levelled",
        "The question was",
        "frozen",
        "No rule of exclusion",
    ):
        assert part not in said


def test_only_the_analyses_that_ran_are_told_and_pairs_are_pairs(tmp_path):
    def run(name):
        return Section(name=name, title="", meaning="", formula="", limits="", results=None)

    single, pairs = make(tmp_path / "single"), make(tmp_path / "pairs", pairs=True)
    assert "mixed model" not in write_methods(single, [])["Analysis"]
    assert "on the text’s source" in write_methods(single, [run("detection_model")])["Analysis"]
    said = write_methods(pairs, [run("detection_model"), run("signal_detection")])
    assert "of a right choice" in said["Analysis"]
    assert "false-alarm" not in said["Analysis"]
    assert "side by side" in said["Design and procedure"]


def test_the_file_says_what_is_not_real():
    text = format_markdown({"Design": "So."}, title="A\nB", marks=["Simulated participants"])
    assert text == "# Methods: A B\n\n**Simulated participants.**\n\n## Design\n\nSo.\n"
