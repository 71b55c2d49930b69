"""Agreement against the published examples (krippendorff 0.9, irrCAC)."""

import numpy as np
import polars as pl
import pytest

from analysis.agreement import fleiss_kappa, krippendorff_alpha, measure_agreement

# coders by texts, 0 unrated: Krippendorff 2011
FOUR = ("123321412000", "123322412503", "033323422510", "123324412510")
THREE = ("000003412113303", "102133430000000", "002134402113304")
FLEISS = "0 0 0 0 14,0 2 6 4 2,0 0 3 5 6,0 3 9 2 0,2 2 8 1 1,7 7 0 0 0,3 2 6 3 0,2 5 3 2 2,6 5 2 1 0,0 2 2 3 7"


def tabulate(coders, values=5):
    table = np.zeros((len(coders[0]), values))
    for coder in coders:
        for text, value in enumerate(coder):
            if value != "0":
                table[text, int(value) - 1] += 1
    return table


@pytest.mark.parametrize(
    ("metric", "four", "three"),
    [
        ("nominal", 0.743421052631579, 0.691358024691358),
        ("ordinal", 0.815387503754881, 0.806721419941315),
        ("interval", 0.849107142857143, 0.810844892812106),
        ("ratio", 0.797402774711612, 0.808943670784247),
    ],
)
def test_krippendorffs_examples(metric, four, three):
    assert krippendorff_alpha(tabulate(FOUR), range(1, 6), metric=metric) == pytest.approx(four, abs=1e-12)
    assert krippendorff_alpha(tabulate(THREE), range(1, 6), metric=metric) == pytest.approx(three, abs=1e-12)


def test_fleiss_example():
    table = np.array([[float(cell) for cell in row.split()] for row in FLEISS.split(",")])
    assert fleiss_kappa(table) == pytest.approx(0.209930704421955, abs=1e-12)


def test_agreement_is_one_when_all_agree_and_unknown_when_all_say_the_same():
    agreed = np.array([[4.0, 0.0], [0.0, 4.0], [4.0, 0.0]])
    assert krippendorff_alpha(agreed, (0, 1), metric="nominal") == pytest.approx(1)
    assert fleiss_kappa(agreed) == pytest.approx(1)
    same = np.array([[4.0, 0.0], [4.0, 0.0]])
    assert krippendorff_alpha(same, (0, 1), metric="nominal") is None
    assert fleiss_kappa(same) is None


def draw_judgments(share, *, people=40, texts=20, seed=1):
    rng = np.random.default_rng(seed)
    rows = []
    for text in range(texts):
        source = "model" if text % 2 else "human"
        for _ in range(people):
            says_machine = (source == "model") == (rng.random() < share)
            rows.append(("a", f"t{text:02}", source, 4 if says_machine else 2))
    return pl.DataFrame(rows, schema=["arm", "item", "source", "judgment"], orient="row")


def test_raters_who_guess_agree_on_nothing_and_others_as_much_as_they_are_right():
    guess, able = (
        measure_agreement(draw_judgments(share), arms=["a"], rng=np.random.default_rng(0))[0] for share in (0.5, 0.9)
    )
    assert guess.nominal.low < 0.02
    assert guess.nominal.value == pytest.approx(0, abs=0.03)
    assert able.nominal.value == pytest.approx((2 * 0.9 - 1) ** 2, abs=0.06)  # chance-corrected: (2p - 1)²
    assert able.nominal.low < able.nominal.value < able.nominal.high
    assert able.fleiss.value == pytest.approx(able.nominal.value, abs=0.01)
    assert able.majority_right == 1
