import pytest

from studyapp.domain.design_changes import ArmEntry, DesignChange, apply_change
from studyapp.domain.study_design import DesignError, describe_design, parse_design

DESIGN = parse_design(
    {
        "study": {"slug": "s", "title": "T", "seed": 1},
        "articles": {"items": ["a", "b"], "context": ["x"]},
        "arms": [
            {"name": "control", "control": True, "conditioned": False, "generator": "checkpoint:c"},
            {"name": "small", "generator": "checkpoint:s", "sampling": {"temperature": 1.0}},
        ],
    }
)
ARMS = describe_design(DESIGN)["arms"]


def change(**sections):
    return apply_change(DESIGN, DesignChange(sections=sections))


def change_arms(*entries):
    return apply_change(DESIGN, DesignChange(arms=entries))


@pytest.mark.parametrize(
    ("sections", "keys", "outdated", "outdates_forms"),
    [
        ({}, (), (), False),
        ({"texts": {"consent": ""}}, (), (), False),
        ({"texts": {"consent": "Yes?"}, "targets": {"dropout_minutes": 5}},
         ("texts.consent", "targets.dropout_minutes"), (), False),
        ({"study": {"seed": 2}}, ("study.seed",), (), True),
        ({"study": {"language": "de"}}, ("study.language",), ("control", "small"), False),
        ({"fitness": {"min_words": 9}}, ("fitness.min_words",), ("control", "small"), False),
        ({"articles": {"context": []}}, ("articles.context",), ("small",), False),
        ({"articles": {"items": ["b", "a"]}}, ("articles.items",), (), True),
    ],
)  # fmt: skip
def test_a_change_names_its_keys_and_whose_texts_it_outdates(sections, keys, outdated, outdates_forms):
    changed = change(**sections)
    assert (changed.keys, changed.outdated_arms, changed.outdates_forms) == (keys, outdated, outdates_forms)


def test_a_key_without_a_value_is_left_out():
    with_threshold = apply_change(DESIGN, DesignChange(sections={"fitness": {"min_words": 9}})).design
    without = apply_change(with_threshold, DesignChange(sections={"fitness": {"min_words": None}}))
    assert without.design == DESIGN
    assert without.keys == ("fitness.min_words",)


def test_arms_are_renamed_moved_changed_added_and_removed():
    control, small = ARMS
    renamed = change_arms(ArmEntry("control", control), ArmEntry("small", {**small, "name": "tiny"}))
    assert (renamed.keys, renamed.outdated_arms, renamed.was_named) == (("arms.small.name",), (), ("control", "small"))
    moved = change_arms(ArmEntry("small", small), ArmEntry("control", control))
    assert (moved.keys, moved.outdated_arms) == (("arms order",), ())
    hotter = change_arms(ArmEntry("control", control), ArmEntry("small", {**small, "sampling": {"temperature": 2.0}}))
    assert (hotter.keys, hotter.outdated_arms) == (("arms.small.sampling",), ("small",))
    other = change_arms(ArmEntry("small", small), ArmEntry(None, {"name": "large", "n_params": None}))
    assert other.keys == ("arms.control removed", "arms.large added")
    assert other.design.arms[1].n_params is None


def test_what_cannot_be_is_named_with_its_key():
    with pytest.raises(DesignError, match=r"\[targets\] participants_per_cell: must be from 1"):
        change(targets={"participants_per_cell": 0})
    with pytest.raises(DesignError, match="each needs a name of its own"):
        change_arms(*(ArmEntry(arm["name"], {**arm, "name": "same"}) for arm in ARMS))
