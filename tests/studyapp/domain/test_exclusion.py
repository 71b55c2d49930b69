import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.exclusion import RULE_MEANINGS, RULES, ParticipantFacts, decide_exclusion

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
