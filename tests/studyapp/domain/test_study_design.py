import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.study_design import DesignError, describe_design, hash_design, parse_design

MINIMAL = {"study": {"slug": "s", "title": "T"}}

names = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80)
arms = st.lists(
    st.fixed_dictionaries(
        {"name": names},
        optional={
            "label": texts,
            "n_params": st.integers(1, 10**13),
            "conditioned": st.booleans(),
            "generator": names.map(lambda name: f"checkpoint:{name}"),
            "sampling": st.dictionaries(st.sampled_from(["temperature", "length_ratio"]), st.floats(0.2, 5)),
        },
    ),
    max_size=5,
    unique_by=lambda arm: arm["name"],
)
designs = st.fixed_dictionaries(
    {"study": st.fixed_dictionaries({"slug": names, "title": texts.filter(str.strip)}), "arms": arms},
    optional={
        "texts": st.fixed_dictionaries({}, optional={"consent": texts, "question": texts}),
        "targets": st.fixed_dictionaries({}, optional={"participants_per_cell": st.integers(1, 1000)}),
        "articles": st.fixed_dictionaries({}, optional={"items": st.lists(names, unique=True, max_size=6)}),
    },
)


@given(mapping=designs)
def test_a_design_is_described_by_the_mapping_that_makes_it_again(mapping):
    design = parse_design(mapping)
    assert parse_design(describe_design(design)) == design


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"study": {"slug": "A b", "title": "T"}}, r"\[study\] slug: 'A b' must be small letters"),
        ({"study": {"slug": "s"}}, r"\[study\] title: is missing"),
        ({"study": {"slug": "s", "title": "T", "sed": 1}}, r"\[study\] sed: .* did you mean 'seed'"),
        ({"study": {"slug": "s", "title": 3}}, r"\[study\] title: is 3; it must be a text in quotes"),
        ({"study": 3}, r"\[study\]: must be a table"),
        ({"target": {}}, r"\[target\]: there is no such section"),
        ({"targets": {"participants_per_cell": 0}}, r"\[targets\] participants_per_cell: must be from 1"),
        ({"targets": {"participants_per_cell": True}}, r"must be a whole number"),
        ({"checks": {"exclusion_rules": ["age"]}}, r"there is no rule 'age'"),
        ({"checks": {"exclusion_rules": ["internet_check"]}}, r"needs internet_check_question"),
        ({"recruitment": {"platform": "prolific"}}, r"completion_code: Prolific needs"),
        ({"recruitment": {"platform": "paper"}}, r"there is no 'paper'"),
        ({"articles": {"items": ["a", "b", "a"]}}, r"twice: a"),
        ({"articles": {"items": ["a"], "context": ["a"]}}, r"twice: a"),
        ({"arms": [{"name": "x"}, {"name": "x"}]}, r"twice: x"),
        ({"arms": [{"name": "x", "control": True}, {"name": "y", "control": True}]}, r"only one arm"),
        ({"arms": [{"name": "x", "generator": "checkpoint:../etc"}]}, r"\[\[arms\]\] 1 generator"),
        ({"arms": [{"name": "x", "sampling": {"heat": 1}}]}, r"\[\[arms\]\] 1 sampling.heat: there is no such key"),
        ({"arms": [{"name": "x", "sampling": {"temperature": 0}}]}, r"sampling.temperature: is 0; it must be a number"),
        ({"arms": {"name": "x"}}, r"under \[\[arms\]\]"),
    ],
)
def test_a_fault_names_its_key_and_what_was_meant(change, fault):
    with pytest.raises(DesignError, match=fault):
        parse_design({**MINIMAL, **change})


def test_all_faults_are_reported_at_once():
    with pytest.raises(DesignError) as caught:
        parse_design({"study": {"slug": "A"}, "targets": {"dropout_minutes": "x"}, "foo": {}})
    assert len(caught.value.faults) == 3


def test_the_hash_of_a_design_does_not_hang_on_the_order_of_keys():
    assert hash_design({"a": 1, "b": [2]}) == hash_design({"b": [2], "a": 1})
    assert hash_design({"a": 1, "b": [2]}) != hash_design({"a": 1, "b": [3]})
