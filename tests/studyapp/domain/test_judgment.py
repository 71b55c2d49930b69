import pytest

from studyapp.domain.judgment import (
    LABELS,
    PAIR_LABELS,
    Judgment,
    PairChoice,
    find_choice,
    judge_model_text,
)


def test_the_scale_is_the_published_one_in_its_order():
    assert [int(j) for j in Judgment] == [1, 2, 3, 4, 5]
    assert LABELS[Judgment(1)] == "Very likely written by a human"
    assert LABELS[Judgment(3)] == "I don't know"
    assert LABELS[Judgment(5)] == "Very likely written by a machine"


@pytest.mark.parametrize(
    ("choice", "first", "judgment"),
    [
        (PairChoice.VERY_LIKELY_FIRST, "model", Judgment.VERY_LIKELY_MACHINE),
        (PairChoice.MORE_LIKELY_FIRST, "model", Judgment.MORE_LIKELY_MACHINE),
        (PairChoice.VERY_LIKELY_SECOND, "model", Judgment.VERY_LIKELY_HUMAN),
        (PairChoice.VERY_LIKELY_FIRST, "human", Judgment.VERY_LIKELY_HUMAN),
        (PairChoice.MORE_LIKELY_SECOND, "human", Judgment.MORE_LIKELY_MACHINE),
        (PairChoice.DONT_KNOW, "human", Judgment.DONT_KNOW),
        (PairChoice.DONT_KNOW, "model", Judgment.DONT_KNOW),
    ],
)
def test_a_choice_between_two_is_a_judgment_of_the_models_text(choice, first, judgment):
    assert judge_model_text(choice, first=first) is judgment


def test_both_orders_of_a_pair_mirror_each_other_and_every_choice_has_its_words():
    for choice in PairChoice:
        assert judge_model_text(choice, first="model") + judge_model_text(choice, first="human") == 6
    assert set(PAIR_LABELS) == set(PairChoice)


@pytest.mark.parametrize("first", ["model", "human"])
@pytest.mark.parametrize("choice", list(PairChoice))
def test_a_choice_is_found_again_from_its_judgment(choice, first):
    assert find_choice(judge_model_text(choice, first=first), first=first) is choice
