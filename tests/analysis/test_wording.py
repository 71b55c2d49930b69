"""Sentences that never say more than their test."""

import pytest

from analysis import wording
from analysis.answer import analyse_bundle
from analysis.load import load_bundle
from tests.analysis.bundles import answer_with, draw_people, make_rows


@pytest.mark.parametrize(
    ("n_params", "written"),
    [(None, "–"), (999, "999"), (123_776, "124k"), (125_000_000, "125M"), (1_300_000_000, "1.3B"), (175e9, "175B")],
)
def test_sizes(n_params, written):
    assert wording.size(None if n_params is None else int(n_params)) == written


@pytest.mark.parametrize(("p", "written"), [(None, "–"), (0.0791, "0.079"), (0.001, "0.001"), (2.04e-4, "2.0e-04")])
def test_p_values(p, written):
    assert wording.p_value(p) == written


def tell(people, folder):
    answer = analyse_bundle(load_bundle(make_rows(people).write(folder)))
    return " ".join([*wording.tell_answer(answer), *wording.tell_cautions(answer)])


def test_an_interval_around_one_half_is_no_proof_of_chance(tmp_path):
    said = tell({"control": draw_people(20, accuracy=0.86), "large": draw_people(20, accuracy=0.5, seed=4)}, tmp_path)
    assert "a difference from guessing was not shown" in said
    assert "no proof" in said
    assert "cannot tell," in said


@pytest.mark.parametrize(("accuracy", "word"), [(0.8, "better than guessing"), (0.2, "worse than guessing")])
def test_an_interval_beside_one_half_says_which_side(tmp_path, accuracy, word):
    said = tell({"control": [answer_with(3, 1)], "large": draw_people(30, accuracy=accuracy, seed=2)}, tmp_path)
    assert word in said


def test_nobody_yet(tmp_path):
    said = tell({"control": [], "large": []}, tmp_path)
    assert "no control arm with answers" in said
    assert "nothing can be said about size" in said


def test_every_arm_whose_interval_holds_one_half_is_named(tmp_path):
    people = {"control": draw_people(20, accuracy=0.5, seed=1), "small": draw_people(20, accuracy=0.9, seed=2)}
    said = tell(people | {"large": draw_people(20, accuracy=0.5, seed=4)}, tmp_path)
    assert "For Control and Large the interval holds 50 %" in said


def test_few_participants_are_called_a_rehearsal(tmp_path):
    people = {"control": draw_people(20, accuracy=0.8), "small": draw_people(3, accuracy=0.6), "large": []}
    said = tell(people, tmp_path)
    assert "Fewer than 10 participants are analysed in Small:" in said
    assert "rehearsal" not in tell({"control": draw_people(20, accuracy=0.8)}, tmp_path / "enough")


def test_one_participant_has_no_interval_and_is_one(tmp_path):
    said = tell({"control": draw_people(20, accuracy=0.8), "large": [answer_with(3, 1)]}, tmp_path)
    assert "Large with 75.0 % (no interval: 1 participant)" in said
