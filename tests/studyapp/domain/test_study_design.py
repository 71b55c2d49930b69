import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.study_design import DesignError, Recruitment, describe_design, hash_design, parse_design

MINIMAL = {"study": {"slug": "s", "title": "T"}}
QUESTION = {"question": "?", "choices": ["a", "b"], "answer": "b"}

names = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True)
slugs = names.map(lambda name: f"another-study-{name}")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.text("\n\"\\'# ", max_size=8)
arms = st.lists(
    st.fixed_dictionaries(
        {"name": names},
        optional={
            "label": texts,
            "n_params": st.integers(1, 10**13),
            "conditioned": st.booleans(),
            "generator": names.map(lambda name: f"checkpoint:{name}"),
            "participants_per_cell": st.integers(1, 1000),
            "sampling": st.dictionaries(st.sampled_from(["temperature", "length_ratio"]), st.floats(0.2, 5)),
        },
    ),
    max_size=5,
    unique_by=lambda arm: arm["name"],
)
said = texts.filter(str.strip)
questions = st.tuples(said, st.lists(said, min_size=2, max_size=4, unique=True), st.integers(0, 1)).map(
    lambda drawn: {"question": drawn[0], "choices": drawn[1], "answer": drawn[1][drawn[2]]}
)
RULE_NEEDS = {"internet_check_question": "?", "internet_check_solutions": ["x"], "looked_up": True}
checks = st.fixed_dictionaries(
    {},
    optional={
        "reveal_stages": st.integers(1, 10),
        "reveal_seconds": st.integers(0, 600),
        "comprehension_tries": st.integers(1, 10),
        "seen_before": st.booleans(),
        "comment": st.booleans(),
        "internet_check_question": texts,
        "internet_check_solutions": st.lists(texts, max_size=7),
    },
) | st.sampled_from(
    [
        {"presentation": "paired"},
        {"presentation": "paired", "reveal_seconds": 0},
        {"min_reading_seconds": 20, "max_reading_wpm": 600, "exclusion_rules": ["too_fast", "dont_know_share"]},
        {**RULE_NEEDS, "presentation": "single", "exclusion_rules": ["looked_up", "internet_check"]},
    ]
)
attention = st.lists(st.integers(1, 40), unique=True, max_size=3).map(
    lambda places: [{"standard": ("choose-human", "nonsense")[n % 2], "after": n} for n in sorted(places)]
)
own_questions = st.lists(
    st.sampled_from(
        [
            {"use": "age_band", "when": "before"},
            {"use": "llm_familiarity", "text": 'How "familiar"?\nReally.'},
            {
                "name": "age",
                "text": "Age?",
                "type": "number",
                "least": 18,
            },
            {"name": "pets", "text": "Pets?", "type": "choices", "choices": ["Yes", "No"], "required": False},
        ]
    ),
    unique_by=lambda question: question.get("name", question.get("use")),
)
presets = st.sampled_from(["gpt3-short", "gpt3-long", "paired"])
designs = st.fixed_dictionaries(
    {
        "study": st.fixed_dictionaries({"slug": names, "title": said}, optional={"preset": presets}),
        "arms": arms,
        "comprehension": st.lists(questions, max_size=3),
    },
    optional={
        "checks": checks,
        "attention": attention,
        "exclusion": st.fixed_dictionaries(
            {}, optional={"too_fast_seconds": st.floats(0, 99), "same_answer_run": st.integers(4, 99)}
        ),
        "questions": own_questions,
        "fitness": st.fixed_dictionaries(
            {}, optional={"min_words": st.integers(1, 99), "least_ratio": st.floats(0, 1)}
        ),
        "texts": st.fixed_dictionaries({}, optional={"consent": texts, "question": texts}),
        "targets": st.fixed_dictionaries(
            {},
            optional={
                "participants_per_cell": st.integers(1, 1000),
                "give_back_after_minutes": st.integers(0, 1000),
                "replace_excluded": st.booleans(),
                "replace_withdrawn": st.booleans(),
            },
        ),
        "recruitment": st.fixed_dictionaries({}, optional={"excludes": st.lists(slugs, unique=True, max_size=3)}),
        "articles": st.fixed_dictionaries(
            {}, optional={"items": st.lists(names, unique=True, max_size=6), "shown": st.integers(2, 100)}
        ),
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
        ({"recruitment": {"excludes": ["S T"]}}, r"excludes: 'S T' is no slug"),
        ({"recruitment": {"excludes": ["a", "a"]}}, r"excludes: names a study twice"),
        ({"recruitment": {"excludes": ["s"]}}, r"excludes: names this study itself"),
        ({"articles": {"shown": 1}}, r"\[articles\] shown: must be from 2"),
        ({"targets": {"give_back_after_minutes": -1}}, r"give_back_after_minutes: must be from 0"),
        ({"arms": [{"name": "x", "participants_per_cell": 0}]}, r"\[\[arms\]\] 1 participants_per_cell: must be"),
        ({"recruitment": {"outcomes": {"no_consent": "http://x.example/"}}}, r"\[recruitment\] outcomes: no_consent"),
        ({"recruitment": {"platform": "sona"}}, r"\[recruitment\] settings: SONA needs host"),
        ({"recruitment": {"hosts": "x.example"}}, r"\[recruitment\] hosts: must be a list of texts"),
        ({"articles": {"items": ["a", "b", "a"]}}, r"twice: a"),
        ({"articles": {"items": ["a"], "context": ["a"]}}, r"twice: a"),
        ({"arms": [{"name": "x"}, {"name": "x"}]}, r"twice: x"),
        ({"arms": [{"name": "x", "control": True}, {"name": "y", "control": True}]}, r"only one arm"),
        ({"arms": [{"name": "x", "generator": "checkpoint:../etc"}]}, r"\[\[arms\]\] 1 generator"),
        ({"arms": [{"name": "x", "sampling": {"heat": 1}}]}, r"\[\[arms\]\] 1 sampling.heat: there is no such key"),
        ({"arms": [{"name": "x", "sampling": {"temperature": 0}}]}, r"sampling.temperature: is 0; it must be a number"),
        ({"arms": {"name": "x"}}, r"under \[\[arms\]\]"),
        ({"checks": {"presentation": "pairs"}}, r"presentation: there is no 'pairs'; did you mean 'paired'"),
        ({"checks": {"reveal_stages": 0}}, r"\[checks\] reveal_stages: must be from 1 to 10"),
        ({"checks": {"reveal_seconds": 601}}, r"reveal_seconds: must be from 0 to 600"),
        ({"checks": {"presentation": "paired", "reveal_stages": 3}}, r"reveal_stages: two texts side by side"),
        ({"checks": {"comprehension_tries": 0}}, r"comprehension_tries: must be from 1 to 10"),
        ({"checks": {"exclusion_rules": ["comprehension"]}}, r"exclusion_rules: 'comprehension' needs questions"),
        ({"comprehension": [{"question": "?", "choices": ["a"], "answer": "a"}]}, r"1 choices: must be at least two"),
        ({"comprehension": [{"question": "?", "choices": ["a", "a"], "answer": "a"}]}, r"twice: a"),
        ({"comprehension": [QUESTION, {**QUESTION, "answer": "c"}]}, r"\[\[comprehension\]\] 2 answer: is 'c'"),
        ({"comprehension": [{"question": "?"}]}, r"\[\[comprehension\]\] 1 choices: is missing"),
        ({"comprehension": [QUESTION] * 21}, r"\[\[comprehension\]\] 21: there can be 20 questions at most"),
        ({"checks": {"min_reading_seconds": 601}}, r"\[checks\] min_reading_seconds: must be from 0"),
        ({"checks": {"max_reading_wpm": 49}}, r"\[checks\] max_reading_wpm: must be 0"),
        (
            {"checks": {"exclusion_rules": ["too_fast"]}, "exclusion": {"too_fast_wpm": 0}},
            r"\[exclusion\] too_fast_wpm: is 0, as is too_fast_seconds",
        ),
        ({"exclusion": {"dont_know_share": 1}}, r"\[exclusion\] dont_know_share: must be from 0"),
        ({"attention": [{"text": "x", "answer": 1.5, "after": 1}]}, r"1 answer: is 1.5; .*whole number or a text in"),
        ({"attention": [{"text": "Hm.", "answer": 1, "after": 1}]}, r"\[\[attention\]\] 1 text: does not say what"),
        ({"attention": {"text": "x"}}, r"under \[\[attention\]\]"),
        ({"arms": [{"name": "x", "sampling": {"stop": "."}}]}, r"1 sampling.stop: is '.'; it must be a list"),
    ],
)
def test_a_fault_names_its_key_and_what_was_meant(change, fault):
    with pytest.raises(DesignError, match=fault):
        parse_design({**MINIMAL, **change})


def test_what_a_study_says_of_its_platform_comes_back_from_its_row():
    said = {"platform": "panel", "completion_code": "DONE1", "hosts": ["a.example.com"],
            "outcomes": {"quota_full": "https://a.example.com/?r={id}"}, "settings": {"id_param": "r"}}  # fmt: skip
    recruitment = parse_design({**MINIMAL, "recruitment": said}).recruitment
    stored = json.loads(json.dumps(recruitment.list_platform_settings()))
    assert Recruitment.read_platform_settings(stored) == {
        key: getattr(recruitment, key) for key in ("outcomes", "hosts", "secure_link", "settings")
    }
    assert Recruitment.read_platform_settings({}) == {}  # a row of before there was such a column


def test_all_faults_are_reported_at_once():
    with pytest.raises(DesignError) as caught:
        parse_design({"study": {"slug": "A"}, "targets": {"dropout_minutes": "x"}, "foo": {}})
    assert len(caught.value.faults) == 3


def test_a_fault_knows_the_keys_that_lead_to_it():
    with pytest.raises(DesignError) as caught:
        parse_design({**MINIMAL, "target": {}, "arms": [{"name": "x"}, {"name": "x", "sampling": {"top_p": 2}}, {}]})
    places = {fault.place for fault in caught.value.faults}
    assert places == {("target",), ("arms", 1, "sampling", "top_p"), ("arms", 2, "name")}
    with pytest.raises(DesignError) as caught:
        parse_design({**MINIMAL, "arms": [{"name": "x"}, {"name": "y"}, {"name": "x"}]})
    assert [fault.place for fault in caught.value.faults] == [("arms", 2, "name")]


def test_the_hash_of_a_design_does_not_hang_on_the_order_of_keys():
    assert hash_design({"a": 1, "b": [2]}) == hash_design({"b": [2], "a": 1})
    assert hash_design({"a": 1, "b": [2]}) != hash_design({"a": 1, "b": [3]})
