import pytest

from studyapp.domain.protocol_checks import ProtocolFacts, check_protocol
from studyapp.domain.reading_time import Pace


def find(*, places=(3, 9), rules=("attention",), minutes=30, pace=Pace(), words=200.0):  # noqa: B008  (frozen)
    facts = ProtocolFacts(
        check_places=places, items_read=12, exclusion_rules=rules, estimated_minutes=minutes, pace=pace, words=words
    )
    return [(finding.level, finding.message) for finding in check_protocol(facts)]


@pytest.mark.parametrize(
    ("options", "level", "said"),
    [
        ({"places": (3, 13)}, "refuse", "after 13 articles, but a participant reads 12"),
        ({"places": (3,)}, "warn", "nothing may follow from one"),
        ({"rules": ()}, "warn", "no exclusion rule “attention”"),
        ({}, "pass", "after 3 and 9 of the 12"),
        ({"places": (3,), "minutes": 4}, "pass", "after 3 of the 12"),
        ({"places": (), "pace": Pace(min_seconds=160)}, "warn", "comes to 32 minutes, and participants are told 30"),
        ({"places": (), "pace": Pace(max_wpm=600)}, "pass", "comes to 4 minutes"),
    ],
)
def test_the_checklist_says_what_does_not_fit(options, level, said):
    found = find(**options)
    assert [entry for entry in found if entry[0] == level and said in entry[1]]
    assert level == "refuse" or "refuse" not in dict(found)


def test_a_study_without_such_checks_hears_nothing_of_them():
    assert find(places=()) == []
