"""What the launch checklist says of the allocation: how often each item comes, and which studies are excluded."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from studyapp.domain.counterbalancing import count_showings
from studyapp.domain.launch_checklist import Finding


@dataclass(frozen=True)
class AllocationFacts:
    """What is stored of a study's allocation when its launch is asked for; `shown` is None where all items are."""

    n_items: int
    shown: int | None
    per_cell: Mapping[str, int]  # arm name -> participants in each of its cells
    unknown_studies: tuple[str, ...]  # of those that it excludes


def check_allocation(facts: AllocationFacts) -> list[Finding]:
    """Every finding, in the order in which one would mend them."""
    findings = [
        Finding(
            "refuse",
            "Excluded studies",
            f"There is no study {slug!r}: load it first, or take it out of [recruitment] excludes.",
        )
        for slug in facts.unknown_studies
    ]
    if facts.shown is None:
        return findings
    if facts.shown > facts.n_items:
        message = (
            f"{facts.shown} items are to be shown to each participant, and the study has {facts.n_items}: add items, "
            "or lower [articles] shown."
        )
        return [*findings, Finding("refuse", "Shown items", message)]
    if facts.shown < facts.n_items:
        for per_cell in sorted(set(facts.per_cell.values())):
            arms = ", ".join(name for name, target in facts.per_cell.items() if target == per_cell)
            findings.append(_check_showings(arms, n_items=facts.n_items, shown=facts.shown, per_cell=per_cell))
    return findings


def _check_showings(arms: str, *, n_items: int, shown: int, per_cell: int) -> Finding:
    """Whether the items of a cell of that many participants come equally often."""
    counts = count_showings(n_items=n_items, shown=shown, blocks=per_cell)
    cell = f"{arms}: {per_cell} participants in a cell, {shown} of {n_items} items each"
    if len(counts) == 1:
        (times,) = counts
        return Finding("pass", "Shown items", f"{cell}: every item is shown {times} times there.")
    figures = ", ".join(f"{items} items {times} times" for times, items in counts.items())
    return Finding("warn", "Shown items", f"{cell}: unequally often, {figures}. {_advise(n_items, shown)}")


def _advise(n_items: int, shown: int) -> str:
    if n_items % 2 and shown % 2 == 0:
        return "With an odd number of items, only an odd `shown` can show all equally often."
    step = n_items // math.gcd(n_items, shown)
    return f"With participants_per_cell a multiple of {step} all would be shown equally often."
