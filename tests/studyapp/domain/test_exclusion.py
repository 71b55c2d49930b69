import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.attention import AttentionRecord
from studyapp.domain.exclusion import (
    RULE_MEANINGS,
    RULES,
    Bounds,
    ParticipantFacts,
    TextFacts,
    decide_exclusion,
)

SOLUTIONS = ("768", "768 steps")


def decide(rules, *, answer="", looked_up=None, passed=None):
    facts = ParticipantFacts(
        internet_check_answer=answer,
        internet_check_solutions=SOLUTIONS,
        looked_up=looked_up,
        comprehension_passed=passed,
    )
    return decide_exclusion(rules=rules, facts=facts)


@pytest.mark.parametrize(
    ("rules", "answer", "looked_up", "reasons"),
    [
        (["internet_check"], "768", False, ("internet_check",)),
        (["internet_check"], " 768 Steps. ", False, ("internet_check",)),
        (["internet_check"], "7,68", False, ("internet_check",)),
        (["internet_check"], "", True, ()),
        (["internet_check"], "about 500", False, ()),
        (["looked_up"], "768", True, ("looked_up",)),
        (["looked_up"], "", None, ()),
        (["looked_up", "internet_check"], "768", True, ("looked_up", "internet_check")),
        ([], "768", True, ()),
    ],
)
def test_only_declared_rules_exclude_and_the_reasons_say_which(rules, answer, looked_up, reasons):
    verdict = decide(rules, answer=answer, looked_up=looked_up)
    assert verdict.reasons == reasons
    assert verdict.excluded is bool(reasons)


@pytest.mark.parametrize(("passed", "excluded"), [(True, False), (None, False), (False, True)])
def test_only_who_failed_the_questions_about_the_instructions_breaks_that_rule(passed, excluded):
    assert decide(["comprehension"], passed=passed).excluded is excluded
    assert not decide(["looked_up", "internet_check"], passed=passed).excluded


def read(answers, *, seconds=60.0, words=200):
    return tuple(TextFacts(answer, words, None if answer is None else seconds) for answer in answers)


def judge(rule, *, texts=(), attention=(0, 0), **bounds):
    facts = ParticipantFacts("", (), None, attention=AttentionRecord(*attention), texts=tuple(texts))
    return decide_exclusion(rules=[rule], facts=facts, bounds=Bounds(**bounds)).facts.get(rule)


CARELESS = [
    # rule, texts or checks, bounds, what was found (None: the rule is kept)
    ("attention", {"attention": (3, 1)}, {}, None),
    ("attention", {"attention": (3, 2)}, {}, {"failed": 2, "asked": 3, "fails_from": 2}),
    ("too_fast", {"texts": read([1, 2, 4, 5])}, {}, None),
    ("too_fast", {"texts": read([1, 2, 4, 5], seconds=11.9)}, {},
     {"share_too_fast": 1.0, "wpm": 1000, "most": 0.5}),  # 200 words at 1000 wpm: 12 s
    ("too_fast", {"texts": read([1, 2], seconds=11.9) + read([4, 5])}, {}, None),  # no more than half of them
    ("too_fast", {"texts": read([1, 2], seconds=3)}, {"too_fast_seconds": 5, "too_fast_wpm": 0},
     {"median_seconds": 3, "least_seconds": 5}),
    ("too_fast", {"texts": read([1, 2], seconds=3)}, {"too_fast_wpm": 0}, None),
    ("too_fast", {"texts": read([None, None])}, {"too_fast_seconds": 5}, None),
    ("same_answer", {"texts": read([2, 2, 2, 2])}, {}, {"longest_run": 4, "answers": 4, "run": 4}),
    ("same_answer", {"texts": read([2, 2, 2, 2, 1])}, {}, None),
    ("same_answer", {"texts": read([2, 2, 2, 2, 1])}, {"same_answer_run": 4},
     {"longest_run": 4, "answers": 5, "run": 4}),
    ("same_answer", {"texts": read([2, 2, 2])}, {}, None),  # too few to say anything
    ("same_answer", {"texts": ()}, {}, None),
    ("incomplete", {"texts": read([1, None])}, {}, {"answered": 1, "texts": 2, "least_share": 1.0}),
    ("incomplete", {"texts": read([1, None])}, {"incomplete_share": 0.5}, None),
    ("incomplete", {"texts": read([1, 2])}, {}, None),
    ("dont_know_share", {"texts": read([3, 3, 1, 2])}, {}, None),
    ("dont_know_share", {"texts": read([3, 3, 3, 2])}, {}, {"dont_know": 3, "answers": 4, "most_share": 0.5}),
    ("dont_know_share", {"texts": read([None])}, {"dont_know_share": 0}, None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "facts", "bounds", "found"), CARELESS)
def test_a_careless_rater_is_found_with_the_facts_beside_their_bound(rule, facts, bounds, found):
    assert judge(rule, **facts, **bounds) == found


@pytest.mark.parametrize(
    "bounds",
    [
        {"attention_failed": 0}, {"too_fast_seconds": -1}, {"too_fast_wpm": 99}, {"too_fast_share": 1},
        {"same_answer_run": 3}, {"incomplete_share": 0}, {"incomplete_share": 1.1}, {"dont_know_share": -0.1},
    ],
)  # fmt: skip
def test_a_bound_that_cannot_be_names_its_key(bounds):
    with pytest.raises(ValueError, match=f"^{next(iter(bounds))}: must be"):
        Bounds(**bounds)


def test_every_rule_has_a_meaning_in_words():
    assert set(RULES) == set(RULE_MEANINGS)


RULE_LISTS = st.lists(st.sampled_from(sorted(RULES)), unique=True)


@given(rules=RULE_LISTS, answer=st.text(max_size=20) | st.sampled_from(SOLUTIONS), looked_up=st.none() | st.booleans())
def test_a_rule_decides_alone_and_nobody_is_left_out_by_one_that_was_not_declared(rules, answer, looked_up):
    verdict = decide(rules, answer=answer, looked_up=looked_up)
    alone = [rule for rule in rules if decide([rule], answer=answer, looked_up=looked_up).excluded]
    assert list(verdict.reasons) == alone
    assert set(verdict.reasons) <= set(rules)


@given(answer=st.sampled_from(SOLUTIONS), around=st.text(alphabet=" .,;!-_'\n", max_size=5))
def test_punctuation_and_case_around_a_solution_hide_nothing(answer, around):
    assert decide(["internet_check"], answer=f"{around}{answer.upper()}{around}").excluded


@given(st.text(alphabet=" .,;!-_'\n", max_size=10))
def test_an_answer_without_a_letter_or_digit_never_excludes(answer):
    assert not decide(["internet_check"], answer=answer).excluded
