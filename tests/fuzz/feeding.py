"""Feeding a door: each input inside a savepoint that is taken back, with what it did counted."""

import re
import traceback
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from django.apps import apps
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings

BATCH = 500  # Hypothesis remembers what it has tried, and takes longer the more that is
READS = re.compile(r"\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK)")


class Verdict(Enum):
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass
class Tally:
    """`faults`: by what went wrong and where, how often, with the shortest input that did it."""

    inputs: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    faults: Counter = field(default_factory=Counter)
    partial: Counter = field(default_factory=Counter)
    examples: dict = field(default_factory=dict)

    def note(self, counter, key, value):
        counter[key] += 1
        text = repr(value)
        if len(text) < len(self.examples.get(key, text + "x")):
            self.examples[key] = text

    def describe(self):
        """The sum in one line."""
        return (
            f"{self.inputs.total():,} inputs, {self.refused.total():,} refused, {self.faults.total():,} faults of ours, "
            f"{self.partial.total():,} partial writes"
        )

    def __str__(self):
        lines = [f"{'door':<24}{'inputs':>9}{'refused':>9}"]
        lines += [f"{door:<24}{n:>9,}{self.refused[door]:>9,}" for door, n in self.inputs.items()]
        lines.append(self.describe())
        for what, n in [*self.faults.items(), *self.partial.items()]:
            lines.append(f"{n:>7} times {what}\n        as by {self.examples[what][:1500]}")
        return "\n".join(lines)


def count_rows():
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def feed(door, value, tally, *, rows):
    wrote = False

    def note_writes(execute, sql, *arguments):
        nonlocal wrote
        wrote = wrote or not READS.match(sql)
        return execute(sql, *arguments)

    tally.inputs[door.name] += 1
    with transaction.atomic():
        try:
            with connection.execute_wrapper(note_writes), transaction.atomic():
                verdict = door.feed(value)
        except Exception as error:
            tally.note(tally.faults, f"{door.name}: {_describe(error)}", value)
            verdict = None
        if verdict is Verdict.REFUSED:
            tally.refused[door.name] += 1
            if wrote and (left := {name for name, n in count_rows().items() if n != rows[name]} - door.may_leave):
                tally.note(tally.partial, f"{door.name}: rows of {', '.join(sorted(left))} after a refusal", value)
        transaction.set_rollback(True)


def feed_many(door, n, tally, *, start):
    """`n` inputs from the seed `start` on; the same seed gives the same inputs."""
    rows, done = count_rows(), 0
    while done < n:
        before = tally.inputs[door.name]

        @seed(start + done)
        @settings(
            max_examples=min(BATCH, n - done), database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(door.strategy)
        def try_it(value):
            feed(door, value, tally, rows=rows)

        try_it()
        done += max(1, tally.inputs[door.name] - before)


def _describe(error):
    """The error and the last line of ours that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/studyapp/" in f.filename]
    where = f"{frames[-1].filename.partition('/studyapp/')[2]}:{frames[-1].lineno}" if frames else "outside"
    return f"{type(error).__name__} at {where} ({str(error)[:100]!r})"
