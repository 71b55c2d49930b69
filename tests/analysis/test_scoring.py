"""The coding of answers, held so tightly that swapping sides or counting "I don't know" as an error would show."""

import itertools

import pytest

from analysis.load import load_bundle
from analysis.scoring import score_bundle
from tests.analysis.bundles import make_rows


def score(rows, folder):
    return score_bundle(load_bundle(rows.write(folder)))


@pytest.mark.parametrize(
    ("source", "judgment", "outcome"),
    [
        ("human", 1, 1), ("human", 2, 1), ("human", 3, None), ("human", 4, 0), ("human", 5, 0),
        ("model", 1, 0), ("model", 2, 0), ("model", 3, None), ("model", 4, 1), ("model", 5, 1),
    ],
)  # fmt: skip
def test_each_of_the_ten_pairs(tmp_path, source, judgment, outcome):
    trials = score(make_rows({"m": [[(source, judgment)]]}), tmp_path).trials
    assert trials["outcome"].to_list() == [outcome]


def test_a_participants_scores_by_hand(tmp_path):
    answers = [("human", 1), ("human", 5), ("model", 4), ("model", 3), ("human", 3), ("model", ""), ("model", 5)]
    row = score(make_rows({"m": [answers]}), tmp_path).participants.row(0, named=True)
    assert (row["answered"], row["neutral"], row["correct"], row["judged"]) == (6, 2, 3, 4)
    assert row["accuracy"] == 3 / 4
    assert row["dont_know_rate"] == 2 / 6
    assert row["seconds_mean"] == pytest.approx((31 + 32 + 33 + 34 + 35 + 37) / 6)  # the unanswered page is no answer


def test_nothing_but_neutral_answers_has_no_accuracy(tmp_path):
    row = score(make_rows({"m": [[("human", 3), ("model", 3)]]}), tmp_path).participants.row(0, named=True)
    assert row["accuracy"] is None
    assert row["dont_know_rate"] == 1


@pytest.mark.parametrize(
    ("status", "excluded"), [*itertools.product(("enrolled", "screened_out", "dropped_out", "withdrawn"), (0, 1)),
                             ("completed", 1)],
)  # fmt: skip
def test_only_who_completed_and_is_not_excluded_is_scored(tmp_path, status, excluded):
    rows = make_rows({"m": [[("human", 1)], [("human", 5)]]})
    rows.participants[1] |= {"status": status, "excluded": excluded}
    assert score(rows, tmp_path).participants["participant"].to_list() == ["m-0000"]
