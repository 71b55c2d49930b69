"""A verdict that finds each way in which something can be lost, doubled or wrong, and none where all is well."""

from dataclasses import replace

import pytest

from chaos.ledger import Ledger
from chaos.verdict import StoredAnswer, StoredCell, StoredStudy, judge_answers, judge_texts


def make_account():
    """Bot 1 has answered a and b, which was not acknowledged; bot 2 has answered c and come to the end."""
    ledger = Ledger()
    for bot, trial, judgment in (("1", "a", 2), ("1", "b", 5), ("2", "c", 1)):
        ledger.send(bot, trial, judgment)
    for trial in ("a", "c"):
        ledger.acknowledge(trial)
    for bot in ("1", "2"):
        ledger.agree(bot)
    ledger.finish("2")
    return ledger.close()


STORED = StoredStudy(
    answers=[StoredAnswer("1", "a", 1, 2), StoredAnswer("2", "c", 1, 1)],
    cells=[StoredCell("arm 1, form 1", target=2, held=2)],
    people=["1", "2"],
    completed=frozenset({"2"}),
)
FIRST = STORED.answers[0]


def judge(**changes):
    account = make_account()
    return judge_answers(account, replace(STORED, **changes), account)


def test_what_was_acknowledged_must_be_there_and_what_was_cut_off_may_be():
    assert judge().is_clean
    assert judge().found == 2
    both = judge(answers=[*STORED.answers, StoredAnswer("1", "b", 2, 5)])
    assert both.is_clean
    assert both.found == 2


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"answers": [FIRST]}, "lost", "the answer to c was acknowledged, and is lost"),
        ({"people": ["1"]}, "lost", "2 has agreed, and is no participant"),
        ({"completed": frozenset()}, "lost", "2 has seen the debriefing, and is not completed"),
        ({"answers": [*STORED.answers, FIRST]}, "doubled", "2 answers to a"),
        ({"people": ["1", "2", "2"]}, "doubled", "2 is 2 participants"),
        ({"answers": [*STORED.answers, StoredAnswer("1", "z", 2, 1)]}, "others", "nobody sent the answer to z"),
        ({"answers": [replace(FIRST, judgment=3), STORED.answers[1]]}, "others", "a: sent 2 first, stored 3"),
        ({"answers": [replace(FIRST, position=2), STORED.answers[1]]}, "others", "1 sent a as number 1, not 2"),
        ({"cells": [StoredCell("arm 1, form 1", target=2, held=3)]}, "others", "3 in arm 1, form 1, whose target is 2"),
    ],
)
def test_every_fault_is_named(changes, kind, words):
    verdict = judge(**changes)
    assert getattr(verdict, kind) == (words,)
    assert not verdict.is_clean


EXPECTED = {("large", "story", 0): "x", ("large", "story", 1): "y"}


def test_texts_are_those_of_the_undisturbed_run_each_once():
    assert judge_texts(EXPECTED, EXPECTED.items(), is_done=True).is_clean
    half = [(("large", "story", 0), "x")]
    assert judge_texts(EXPECTED, half, is_done=False).is_clean
    assert judge_texts(EXPECTED, half, is_done=True).lost == ("candidate 2 of story in large was never written",)
    other = judge_texts(EXPECTED, [(("large", "story", 0), "X")], is_done=False)
    assert other.others == ("candidate 1 of story in large is another text than without faults",)
    assert judge_texts(EXPECTED, half * 2, is_done=False).doubled == (
        "candidate 1 of story in large was written 2 times",
    )
