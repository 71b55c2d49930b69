"""The report's further sections, a file each: `write(study)` gives the section with its page, numbers, tables, figures.

A section is added by writing `analysis/sections/NAME.py`. It stands behind the others until it is put where it belongs
in `PLACED`, and shows its sentences, figures and tables until it has a `templates/sections/NAME.html.j2` of its own.
What it computes lives in modules of its own beside `answer.py`, which know nothing of a page.
"""

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from analysis.figures import Picture
from analysis.study import Study

# one a line, so that two who add a section do not meet
PLACED = (
    "intervals",
    "size_curve",
    "shots",
    "signal_detection",
    "equivalence",
    "detection_model",
    "attrition",
    "took_part",
    "items",
    "dont_know",
    "chance_envelope",
    "order",
    "response_time",
    "multiverse",
    "sensitivity",
    "agreement",
    "surface_cues",
    "detectors",
    "exclusions",
    "data_quality",
    "replication",
)


def list_sections() -> tuple[str, ...]:
    """The sections in the order of the page: those that have a place, then whatever else lies in this folder."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return (*(name for name in PLACED if name in found), *(name for name in found if name not in PLACED))


ORDER = list_sections()


@dataclass(frozen=True)
class Table:
    """Rows of plain values under column names; written as tables/NAME.csv and tables/NAME.tex."""

    header: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


Status = Literal["confirmatory", "exploratory", "descriptive"]


@dataclass(frozen=True)
class Section:
    """What one section says.

    `context` is what its template is given, `results` the twin of every number on it (plain values, null for unknown).
    `meaning`, `formula` and `limits` stand under it in plain words: what it tells, how it is worked out, what it does
    not say. `sentences` may be taken to the first page. `status`: confirmatory are only the families of tests that are
    declared beforehand (models against the control, equivalence to chance, the trend over size); estimates that test
    nothing are descriptive, everything else exploratory.
    """

    name: str
    title: str
    meaning: str
    formula: str
    limits: str
    results: Any
    context: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    sentences: tuple[str, ...] = ()
    status: Status = "exploratory"


Writer = Callable[[Study], Section]


def find_writer(name: str) -> Writer:
    """The `write` of a section's module; imported only when it is wanted."""
    writer: Writer = import_module(f"analysis.sections.{name}").write
    return writer
