"""What led to each exclusion, as it was recorded when the rule was applied (enrolments.csv of a full bundle).

A rule's facts are what was found (a longest run, a share of texts) beside the bounds that it was held against. Facts
are told as median, least and most over everybody who broke the rule, completed or not; a bound that is the same for
all is told once. Bundles without records have none, and nothing is guessed from the rule's name.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.load import Bundle

BOUNDS = frozenset({"fails_from", "least_seconds", "wpm", "most", "run", "least_share", "most_share"})


@dataclass(frozen=True)
class Fact:
    """One number that a rule looked at, over the participants of whom it was recorded."""

    name: str
    participants: int
    median: float
    least: float
    most: float


@dataclass(frozen=True)
class RuleFacts:
    """One rule. `participants` broke it and have a record; `unrecorded` are excluded by it without one.

    `bounds`: every value that each of the rule's bounds had.
    """

    rule: str
    participants: int
    unrecorded: int
    facts: tuple[Fact, ...]
    bounds: Mapping[str, tuple[float, ...]]


def gather_facts(bundle: Bundle) -> list[RuleFacts]:
    """Every rule that anybody is said to have broken, by name; empty where the bundle has no record of any."""
    by_person = {who: json.loads(cell) for who, cell in _list_cells(bundle)}
    if not any(by_person.values()):
        return []
    named: dict[str, set[str]] = {}
    for who, cell in bundle.participants.select("participant", "exclusion_reasons").iter_rows():
        for rule in filter(None, (cell or "").split(";")):
            named.setdefault(rule, set()).add(who)
    rules = {*named, *(rule for facts in by_person.values() for rule in facts)}
    return [_gather_rule(rule, by_person, named.get(rule, set())) for rule in sorted(rules)]


def _list_cells(bundle: Bundle) -> Iterator[tuple[str, str]]:
    for who, cell in bundle.enrolments.select("participant", "exclusion_facts").iter_rows():
        if cell:
            yield who, cell


def _gather_rule(rule: str, by_person: Mapping[str, Mapping[str, Any]], named: set[str]) -> RuleFacts:
    own = {who: facts[rule] for who, facts in by_person.items() if rule in facts}
    numbers: dict[str, list[float]] = {}
    for facts in own.values():
        for name, value in facts.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value):
                numbers.setdefault(name, []).append(float(value))
    return RuleFacts(
        rule=rule,
        participants=len(own),
        unrecorded=len(named - own.keys()),
        facts=tuple(_summarise(name, values) for name, values in sorted(numbers.items()) if name not in BOUNDS),
        bounds={name: tuple(sorted({*values})) for name, values in sorted(numbers.items()) if name in BOUNDS},
    )


def _summarise(name: str, values: list[float]) -> Fact:
    return Fact(name, len(values), float(np.median(values)), min(values), max(values))
