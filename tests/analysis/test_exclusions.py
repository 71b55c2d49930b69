"""With and without exclusions, and the signs of carelessness, each on the participant who shows it."""

import csv

import polars as pl
import pytest

from analysis.carelessness import find_signals
from analysis.exclusions import choose_bundle, compare_variants, list_changes
from analysis.load import load_bundle
from analysis.study import Study
from tests.analysis.bundles import answer_with, draw_people, make_pairs, make_rows

CAREFUL = answer_with(6, 4, 2)


def load(rows, folder):
    return load_bundle(rows.write(folder))


def test_each_sign_is_seen_on_whoever_shows_it(tmp_path):
    liner = [("human", 2), *[(("human", "model")[n % 2], 4) for n in range(7)], *answer_with(2, 2)]
    flat = [(("human", "model")[n % 2], 4) for n in range(12)]
    neutral = answer_with(3, 2, 7)
    rows = make_rows({"control": [CAREFUL, liner, flat, neutral, CAREFUL, CAREFUL]})
    fast, checked = "control-0004", "control-0005"
    for trial in rows.trials:
        trial["stimulus"] = trial["item"]
        trial["seconds"] = 19 if trial["participant"] == fast else 21  # 200 words: 20 seconds at 600 a minute
    header = ("attention_asked", "attention_failed")
    folder = rows.write(tmp_path / "plain")
    with (folder / "participants.csv").open(newline="") as file:
        people = list(csv.DictReader(file))
    with (folder / "participants.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, (*people[0], *header))
        writer.writeheader()
        writer.writerows(
            {**p, "attention_asked": 2, "attention_failed": int(p["participant"] == checked)} for p in people
        )
    (tmp_path / "plain" / "stimuli.csv").write_text(
        "stimulus,item,arm,words,seed,candidates,text\n"
        + "".join(f"{name},{name},,200,,,\n" for name in sorted({t["stimulus"] for t in rows.trials}))
    )
    found = {row["participant"][-1]: row for row in find_signals(load_bundle(folder)).iter_rows(named=True)}
    signs = {who: {name for name, value in row.items() if value is True} - {"any"} for who, row in found.items()}
    assert signs == {
        "0": set(),
        "1": {"same_answer"},
        "2": {"same_answer", "low_spread"},
        "3": {"dont_know", "same_answer"},
        "4": {"too_fast"},
        "5": {"attention"},
    }
    assert [row["any"] for row in found.values()] == [False, True, True, True, True, True]


@pytest.mark.parametrize(("seconds", "is_fast"), [(19, True), (21, False)])
def test_a_pair_is_as_long_as_both_its_texts(seconds, is_fast, tmp_path):
    rows = make_pairs(make_rows({"control": [CAREFUL]}))
    for trial in rows.trials:
        trial["seconds"] = seconds  # 80 and 120 words: 20 seconds at 600 a minute
    path = rows.write(tmp_path)
    names = [(trial["stimulus"], 80) for trial in rows.trials] + [(trial["beside"], 120) for trial in rows.trials]
    (path / "stimuli.csv").write_text(
        "stimulus,item,arm,words,seed,candidates,text\n" + "".join(f"{name},x,,{words},,,\n" for name, words in names)
    )
    assert find_signals(load_bundle(path))["too_fast"].to_list() == [is_fast]


def test_a_sign_that_cannot_be_told_is_null_and_no_sign(tmp_path):
    rows = make_rows({"control": [CAREFUL]})
    rows.trials = [{**trial, "seconds": "", "position": ""} for trial in rows.trials]
    (row,) = find_signals(load(rows, tmp_path)).iter_rows(named=True)
    assert (row["same_answer"], row["too_fast"], row["attention"], row["any"]) == (None, None, None, False)


def test_of_pairs_the_run_is_of_one_side(tmp_path):
    rows = make_pairs(make_rows({"control": [[("model", 4)] * 12]}))
    rows.trials = [{**t, "judgment": 4 if t["first"] == "model" else 2} for t in rows.trials]  # always the first text
    (row,) = find_signals(load(rows, tmp_path)).iter_rows(named=True)
    assert row["same_answer"] is True


@pytest.fixture
def bundle(tmp_path):
    """An excluded participant of each arm is always wrong."""
    people = {arm: [*draw_people(20, accuracy=share, seed=7), answer_with(0, 25)] for arm, share in
              {"control": 0.8, "small": 0.6}.items()}  # fmt: skip
    rows = make_rows(people)
    for row in rows.participants:
        if row["participant"].endswith("0020"):
            row |= {"excluded": 1, "exclusion_reasons": "looked_up"}
    return load_bundle(rows.write(tmp_path))


def test_everybody_is_in_where_nobody_is_excluded(bundle):
    declared, nobody, _ = compare_variants(Study(bundle))
    assert (declared.participants, nobody.participants) == (40, 42)
    for one, other in zip(declared.arms, nobody.arms, strict=True):
        assert other.accuracy.mean == pytest.approx(one.accuracy.mean * 20 / 21)
        assert other.two_way.value == pytest.approx(other.accuracy.mean)


def test_changes_name_the_arm_and_both_conclusions(tmp_path):
    people = {"control": draw_people(20, accuracy=0.85, seed=1), "small": draw_people(20, accuracy=0.7, seed=2)}
    people["small"] += [answer_with(0, 25)] * 14
    rows = make_rows(people)
    for row in rows.participants:
        if row["arm"] == "small" and row["participant"][-2:] >= "20":
            row["excluded"] = 1
    changes = list_changes(compare_variants(Study(load_bundle(rows.write(tmp_path)))))
    assert ("small", "nobody_excluded", "above guessing", "about guessing") in changes
    assert {arm for arm, *_ in changes} == {"small"}


def test_the_careful_are_those_without_a_sign(tmp_path):
    rows = make_rows({"control": [CAREFUL, [(("human", "model")[n % 2], 4) for n in range(12)]]})
    people = choose_bundle(load(rows, tmp_path), "careful_only").participants
    assert people.filter(pl.col("excluded"))["participant"].to_list() == ["control-0001"]
