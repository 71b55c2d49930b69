"""What a bundle keeps when it is made for everybody: nothing in it leads back to a person, or to the full bundle.

Codes are drawn anew for the release, and its rows stand in their order. Times are minutes from the participant's own
consent, durations whole seconds. Free text goes, unless somebody has read it all. What is left of a participant's own
answers is made k-anonymous (`domain.anonymity`).
"""

import hashlib
import hmac
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from studyapp.domain.anonymity import (
    DEFAULT_K,
    AnonymousTable,
    Ladder,
    NotAnonymousError,
    Step,
    anonymise,
    declare_ladder,
)
from studyapp.domain.bundle_cells import format_cell

Row = Mapping[str, object]
Publish = Callable[[object], object]

# Columns that the study's design sets, and nobody else knows of a participant. Every other column of participants.csv
# is an answer of theirs or a fact of their own, and counts as a quasi-identifier.
DESIGN_COLUMNS = ("arm", "form", "block", "status", "excluded", "simulated")
RENEWED = ("participant", "stimulus", "beside")
HISTORY = ("deviations", "unblindings")  # what the manifest tells of the study's own past, each with its time `at`
DEVICE_COLUMNS = ("viewport", "input")  # of trials.csv: others may know by what device somebody took part
PLAIN_KINDS = ("flag", "choice")
WITHHELD = "WITHHELD"


@dataclass(frozen=True)
class Column:
    """A column as the codebook has it."""

    name: str
    kind: str
    values: str = ""
    coarsening: tuple[Step, ...] = ()  # of one of the study's own questions; of others it follows from the kind

    @property
    def is_free_text(self) -> bool:
        """Whether a cell may hold whatever somebody typed."""
        return self.kind == "text" and not self.values

    @property
    def is_plain(self) -> bool:
        return self.kind in PLAIN_KINDS or (self.kind == "text" and bool(self.values))


@dataclass(frozen=True)
class PublicRules:
    """How a public version is made. `salt` is drawn for one release and forgotten: codes lead nowhere without it."""

    salt: bytes = field(repr=False)
    k: int = DEFAULT_K
    with_comments: bool = False

    def describe(self) -> dict[str, Any]:
        """What was asked for, without the salt."""
        return {"k": self.k, "with_comments": self.with_comments}

    def renew(self, code: str) -> str:
        """The code that stands for `code` in this release alone."""
        return hmac.new(self.salt, code.encode(), hashlib.sha256).hexdigest()[:24]


@dataclass(frozen=True)
class PublicPeople:
    """participants.csv of the release, in the order of the new codes, and what its trials need.

    `origins`: a row each, the participant's own code and when they consented.
    """

    rows: tuple[dict[str, object], ...]
    origins: tuple[tuple[str, datetime], ...]
    privacy: dict[str, Any]


def publish_people(rows: Iterable[Row], *, columns: Sequence[Column], rules: PublicRules) -> PublicPeople:
    """Make the table of participants public.

    Raises:
        NotAnonymousError: there are too few participants for the k that is asked.
    """
    people = sorted(rows, key=lambda row: rules.renew(str(row["participant"])))
    free_text = [c for c in columns if c.is_free_text and c.name not in (*DESIGN_COLUMNS, *RENEWED)]
    asked = [c for c in columns if _is_quasi_identifier(c) and c not in free_text]
    ladders = [
        Ladder(c.name, c.coarsening) if c.coarsening else declare_ladder(c.name, kind=c.kind, values=c.values)
        for c in asked
    ]
    cells = [tuple(format_cell(row.get(c.name)) for c in asked) for row in people]
    table = anonymise(cells, ladders=ladders, k=rules.k)
    if table.k_reached is not None and table.k_reached < rules.k:  # a fault of ours, which must publish nothing
        raise NotAnonymousError(f"k = {rules.k} was not reached, only {table.k_reached}; nothing is published")
    published = [
        {
            **dict.fromkeys((c.name for c in columns), None),
            **{name: row[name] for name in DESIGN_COLUMNS if name in row},
            **{c.name: row.get(c.name) for c in free_text if rules.with_comments},
            **{c.name: value for c, value in zip(asked, values, strict=True)},
            "participant": rules.renew(str(row["participant"])),
            "completed_after": count_minutes(row["enrolled_at"], row["completed_at"]),
        }
        for row, values in zip(people, table.rows, strict=True)
    ]
    return PublicPeople(
        rows=tuple(published),
        origins=tuple((str(row["participant"]), _need_time(row["enrolled_at"])) for row in people),
        privacy=_describe_privacy(table, ladders=ladders, asked=asked, free_text=free_text, rules=rules),
    )


def make_trial_publisher(
    columns: Sequence[Column], *, rules: PublicRules
) -> Callable[[Row, datetime], dict[str, object]]:
    """What makes a row of trials.csv public, given when its participant consented."""
    publishers = {column.name: _choose_publisher(column, rules=rules) for column in columns}

    def publish(row: Row, consented_at: datetime) -> dict[str, object]:
        public = {name: change(row.get(name)) for name, change in publishers.items()}
        public["shown_after"] = count_minutes(consented_at, row["shown_at"])
        public["answered_after"] = count_minutes(consented_at, row["answered_at"])
        return public

    return publish


def publish_manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with days in place of moments, and without the code that pays a participant."""
    public = {**manifest, "public": True}
    for key in ("exported_at", "launched_at", "closed_at"):
        if public.get(key):
            public[key] = _keep_day(public[key])
    for key in HISTORY:
        if key in public:
            public[key] = [{**entry, "at": _keep_day(entry["at"])} for entry in public[key]]
    design = {**public["design"]}
    recruitment = {**design.get("recruitment", {})}
    for key in ("completion_code", "outcomes", "settings"):  # codes that pay, and the tokens of platforms
        if recruitment.get(key):
            recruitment[key] = WITHHELD
    if recruitment:
        design["recruitment"] = recruitment
    return {**public, "design": design}


def _keep_day(moment: str) -> str:
    return f"{moment[:10]}T00:00:00.000000Z"


def count_minutes(begin: object, end: object) -> int | None:
    """Whole minutes between two moments; None where one is not known."""
    if not isinstance(begin, datetime) or not isinstance(end, datetime):
        return None
    return max(0, (end - begin) // timedelta(minutes=1))


def _is_quasi_identifier(column: Column) -> bool:
    times = column.kind == "time" or column.name == "completed_after"  # those are made relative
    return not times and column.name not in (*DESIGN_COLUMNS, "participant")


def _choose_publisher(column: Column, *, rules: PublicRules) -> Publish:
    if column.name in RENEWED:
        return lambda value: None if value is None else rules.renew(str(value))
    if column.name in DEVICE_COLUMNS:
        return lambda value: None
    if column.name in ("arm", "form", "item", "source", "position", "judgment", "focus_losses") or column.is_plain:
        return lambda value: value
    if column.kind in ("number", "integer"):
        return _round_down
    if column.is_free_text and rules.with_comments:
        return lambda value: value
    return lambda value: None


def _round_down(value: object) -> int | None:
    return math.floor(value) if isinstance(value, int | float) else None


def _need_time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("a participant has no time of consent")
    return value


def _describe_privacy(
    table: AnonymousTable,
    *,
    ladders: Sequence[Ladder],
    asked: Sequence[Column],
    free_text: Sequence[Column],
    rules: PublicRules,
) -> dict[str, Any]:
    """privacy.json: what was done, for whoever reads the release."""
    return {
        "rules": rules.describe(),
        "k_reached": table.k_reached,
        "participants": len(table.rows),
        "participants_with_emptied_cells": table.rows_touched,
        "quasi_identifiers": [
            {
                "column": ladder.column,
                "kind": column.kind,
                "step": table.levels[ladder.column] + 1,
                "steps": len(ladder.steps),
                "cells_emptied": table.suppressed[ladder.column],
            }
            for ladder, column in zip(ladders, asked, strict=True)
        ],
        "codes": "drawn anew for this release, in whose order the rows stand",
        "times": "whole minutes from the participant's own consent; durations in whole seconds",
        "free_text": "kept, after somebody had read all of it" if rules.with_comments else "left out",
        "free_text_columns": [*(column.name for column in free_text), "trials.csv: comment"],
        "withheld": [
            "platform ids",
            "design.recruitment.completion_code",
            "the records a study is built again from",
            *(f"trials.csv: {name}" for name in DEVICE_COLUMNS),
        ],
    }
