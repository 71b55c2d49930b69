"""What the launch checklist says of a study's attention checks and of its least reading time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studyapp.domain.attention import LONG_STUDY_MINUTES
from studyapp.domain.launch_facts import Finding
from studyapp.domain.reading_time import Pace

TOPIC = "Checks"


@dataclass(frozen=True)
class ProtocolFacts:
    """`check_places`: after how many articles each check comes; `words`: of the texts shown, on average."""

    check_places: tuple[int, ...]
    items_read: int
    exclusion_rules: tuple[str, ...]
    estimated_minutes: int
    pace: Pace
    words: float


def check_protocol(facts: ProtocolFacts) -> list[Finding]:
    """Findings only where there are such checks."""
    return [*_check_attention(facts), *_check_pace(facts)]


def _check_attention(facts: ProtocolFacts) -> Iterator[Finding]:
    places = facts.check_places
    if not places:
        return
    if late := [place for place in places if place > facts.items_read]:
        yield Finding(
            "refuse",
            TOPIC,
            f"An attention check is to come after {late[0]} articles, but a participant reads {facts.items_read}.",
        )
    if len(places) < 2 and facts.estimated_minutes >= LONG_STUDY_MINUTES:
        yield Finding(
            "warn",
            TOPIC,
            f"One attention check: in a study of {LONG_STUDY_MINUTES} minutes or more nothing may follow from one.",
        )
    if "attention" not in facts.exclusion_rules:
        said = "There are attention checks, but no exclusion rule “attention”: their answers decide nothing."
        yield Finding("warn", TOPIC, said)
    if not late:
        yield Finding("pass", TOPIC, f"Attention checks come after {_list(places)} of the {facts.items_read} articles.")


def _check_pace(facts: ProtocolFacts) -> Iterator[Finding]:
    if not facts.pace.is_set:
        return
    minutes = facts.pace.find_least(round(facts.words)) * facts.items_read / 60
    if minutes > facts.estimated_minutes:
        yield Finding(
            "warn",
            TOPIC,
            f"The least reading time alone comes to {minutes:.0f} minutes, and participants are told "
            f"{facts.estimated_minutes}.",
        )
    else:
        yield Finding("pass", TOPIC, f"The least reading time comes to {minutes:.0f} minutes over all articles.")


def _list(places: Sequence[int]) -> str:
    *first, last = map(str, places)
    return f"{', '.join(first)} and {last}" if first else last
