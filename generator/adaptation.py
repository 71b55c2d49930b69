"""Losses of a model on each task before and after it adapts to it, and how unequal they are. A record; no torch."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from measures.inequality import MEASURES

ADAPTATION_FILE = "adaptation.csv"


@dataclass(frozen=True)
class TaskLoss:
    """Mean loss, in nats a token, over `tokens` of a task's held-out `articles`."""

    name: str
    articles: int
    tokens: int
    before: float
    after: float


@dataclass(frozen=True)
class Adaptation:
    """Every measured task; means and inequality are over tasks, each counting alike."""

    tasks: tuple[TaskLoss, ...]
    before: float
    after: float
    inequality_before: Mapping[str, float]
    inequality_after: Mapping[str, float]

    @classmethod
    def over(cls, tasks: Sequence[TaskLoss]) -> "Adaptation":
        before, after = [task.before for task in tasks], [task.after for task in tasks]
        return cls(tuple(tasks), fmean(before), fmean(after), _measure(before), _measure(after))

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> "Adaptation":
        """What `asdict` gave, read from JSON."""
        return cls(**{**content, "tasks": tuple(TaskLoss(**task) for task in content["tasks"])})


def _measure(losses: Sequence[float]) -> dict[str, float]:
    import numpy as np  # only here: whoever reads a card needs none

    return {name: float(measure(np.array(losses))) for name, measure in MEASURES.items()}


def write_adaptation(path: Path, checkpoints: Mapping[str, Adaptation]) -> None:
    """adaptation.csv: checkpoint (start, trained), task, articles, tokens, before, after."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=["checkpoint", "task", *list(TaskLoss.__dataclass_fields__)[1:]])
        writer.writeheader()
        for checkpoint, found in checkpoints.items():
            for task in found.tasks:
                row = asdict(task)
                writer.writerow({"checkpoint": checkpoint, "task": row.pop("name"), **row})


def render_adaptation(start: Adaptation, trained: Adaptation) -> str:
    """Two tables in Markdown for a model's card."""
    known = {task.name: task for task in start.tasks}
    lines = [
        "| | articles | start: before | start: after | trained: before | trained: after |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for task in trained.tasks:
        was = known[task.name]
        name = task.name.replace("|", "\\|")
        losses = (was.before, was.after, task.before, task.after)
        lines.append(f"| {name} | {task.articles} | " + " | ".join(f"{loss:.4f}" for loss in losses) + " |")
    means = (start.before, start.after, trained.before, trained.after)
    lines.append("| mean | | " + " | ".join(f"{loss:.4f}" for loss in means) + " |")
    lines += ["", "| inequality of these losses | start: before | start: after | trained: before | trained: after |"]
    lines.append("|---|--:|--:|--:|--:|")
    for name in trained.inequality_before:
        spreads = [
            spread[name] for found in (start, trained) for spread in (found.inequality_before, found.inequality_after)
        ]
        lines.append(f"| {name} | " + " | ".join(f"{spread:.3g}" for spread in spreads) + " |")
    return "\n".join(lines) + "\n"
