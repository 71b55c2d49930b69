import pytest

from studyapp.domain.exclusion import RULE_MEANINGS, RULES, ParticipantFacts, decide_exclusion

SOLUTIONS = ("768", "768 steps")


def decide(rules, *, answer="", looked_up=None):
    facts = ParticipantFacts(internet_check_answer=answer, internet_check_solutions=SOLUTIONS, looked_up=looked_up)
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


def test_every_rule_has_a_meaning_in_words():
    assert set(RULES) == set(RULE_MEANINGS)
