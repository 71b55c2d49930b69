"""Which of a study's context articles stand before an item in an arm's prompt, and in what order.

How a model is used is a setting of its arm: `shots` articles before the one to be written (0 zero-shot, 1 one-shot,
more few-shot), chosen and ordered by the same rule for every candidate of an item.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from studyapp.domain.seeds import derive_seed

Choice = Literal["fixed", "random", "section"]
Order = Literal["listed", "reversed", "nearest-last", "random"]
CONTEXT_CHOICES: dict[Choice, str] = {
    "fixed": "the last ones of the study's context articles",
    "random": "drawn for each item, by the seed",
    "section": "of the item's section, the nearest in time",
}
CONTEXT_ORDERS: dict[Order, str] = {
    "listed": "as the study lists them",
    "reversed": "the study's list backwards",
    "nearest-last": "the first that was chosen last, right before the title",
    "random": "shuffled for each item, by the seed",
}
MOST_SHOTS = 1000
# what an arm may say for zero-shot use; any other words will do
ZERO_SHOT_INSTRUCTION = "Below are the title and the subtitle of a newspaper article, and then the article itself."


@dataclass(frozen=True)
class ContextRule:
    """`shots` None takes every context article of the study."""

    shots: int | None = None
    choice: Choice = "fixed"
    order: Order = "listed"
    seed: int = 0


@dataclass(frozen=True)
class ContextFacts:
    """What a choice looks at of an article; `key` names it whatever else changes."""

    key: str
    section: str = ""
    published: date | None = None


def choose_context(listed: Sequence[ContextFacts], *, item: ContextFacts, rule: ContextRule) -> list[int]:
    """The places of the chosen articles in the study's list, in the order in which the model reads them.

    Fewer articles chosen by the same rule and seed are the first of more, so that arms which differ in K alone differ
    in nothing else.
    """
    ranked = _rank(listed, item=item, rule=rule)[: rule.shots]
    if rule.order == "nearest-last":
        return ranked[::-1]
    if rule.order == "random":
        rng = random.Random(derive_seed(rule.seed, "order", item.key))
        return rng.sample(sorted(ranked), len(ranked))
    return sorted(ranked, reverse=rule.order == "reversed")


def _rank(listed: Sequence[ContextFacts], *, item: ContextFacts, rule: ContextRule) -> list[int]:
    """All places, the one that is chosen first in front."""
    places = list(range(len(listed)))[::-1]  # the last in the list is nearest to the title
    if rule.choice == "random":
        keys = {place: derive_seed(rule.seed, "context", item.key, listed[place].key) for place in places}
        return sorted(places, key=lambda place: keys[place])
    if rule.choice == "section":
        return sorted(places, key=lambda place: _measure_distance(listed[place], item))
    return places


def _measure_distance(article: ContextFacts, item: ContextFacts) -> tuple[bool, float]:
    """Another section is further than any time; an unknown day than any day."""
    days = float("inf")
    if article.published and item.published:
        days = abs((article.published - item.published).days)
    is_same = bool(item.section) and article.section.casefold() == item.section.casefold()
    return not is_same, days


def check_context_names(choice: str | None, order: str | None) -> None:
    """What a study file may say.

    Raises:
        ValueError: no such choice or order, as "key: reason".
    """
    for key, value, known in (
        ("context_choice", choice, get_args(Choice)),
        ("context_order", order, get_args(Order)),
    ):
        if value is not None and value not in known:
            raise ValueError(f"{key}: there is no {value!r}; choose from {', '.join(known)}")
