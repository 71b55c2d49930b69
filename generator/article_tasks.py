"""Tasks out of a packed corpus: the articles of one section (or source), and sequences to adapt on and to judge by.

No article is on both sides of a draw. A draw is a function of seed and step alone, so that a run goes on exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from generator.objectives import Objective, TaskField
from generator.packing import Documents, read_sequence


class TaskError(ValueError):
    """The corpus gives too few tasks; the message says what to change."""


@dataclass(frozen=True)
class ArticleTask:
    """A section's (or source's) articles: their numbers in the stream, (n,)."""

    name: str
    articles: np.ndarray


@dataclass(frozen=True)
class Draw:
    """A task's sequences, (shots, length + 1) tokens each: those it adapts on, and those it is judged by."""

    name: str
    support: np.ndarray
    query: np.ndarray


@dataclass(frozen=True)
class Halves:
    """Held-out articles of a task in two halves: what is adapted on in one is measured on the other.

    `support` and `measured` have an array (sequences, length + 1) a half, of the same half each.
    """

    name: str
    n_articles: int
    support: tuple[np.ndarray, np.ndarray]
    measured: tuple[np.ndarray, np.ndarray]


def find_tasks(documents: Documents, *, field: TaskField, least: int) -> list[ArticleTask]:
    """The sections (or sources) with at least so many articles, by name."""
    names, numbers = documents.labels[field]
    counts = np.bincount(numbers, minlength=len(names))
    return [
        ArticleTask(str(name), np.flatnonzero(numbers == number))
        for number, name in enumerate(names)
        if name and counts[number] >= least
    ]


def find_training_tasks(documents: Documents, *, objective: Objective) -> list[ArticleTask]:
    """What steps draw from.

    Raises:
        TaskError: too few of them have enough articles.
    """
    field, least = objective.task_field, objective.least_articles
    tasks = find_tasks(documents, field=field, least=least)
    _refuse_unlabelled(documents, field)
    if len(tasks) < objective.n_tasks:
        raise TaskError(
            f"{len(tasks)} {field}s have the {least} articles to train on that {objective.shots} shots need, and "
            f"a step takes {objective.n_tasks}; give more articles, fewer --shots or --tasks, or another --tasks-by"
        )
    return tasks


def find_measured_tasks(documents: Documents, *, objective: Objective) -> list[ArticleTask]:
    """What is measured before and after adaptation.

    Raises:
        TaskError: fewer than two of them have enough held-out articles.
    """
    field, least = objective.task_field, objective.least_articles
    tasks = find_tasks(documents, field=field, least=least)
    if len(tasks) < 2:
        raise TaskError(
            f"{len(tasks)} {field}s have {least} held-out articles, and two are needed to compare them; a twentieth of "
            f"the articles is held out: give more articles or fewer --shots, or other tasks by --tasks-by"
        )
    return tasks


def _refuse_unlabelled(documents: Documents, field: TaskField) -> None:
    names, _ = documents.labels[field]
    if not any(names):
        other = "source" if field == "section" else "section"
        hint = f", or take --tasks-by {other}" if any(documents.labels[other][0]) else ""
        raise TaskError(f"no article of the corpus names its {field}; give a corpus whose articles do{hint}")


def draw_tasks(
    stream: np.ndarray,
    documents: Documents,
    tasks: Sequence[ArticleTask],
    *,
    objective: Objective,
    seed: int,
    step: int,
) -> list[Draw]:
    """A step's tasks, each equally likely, and their sequences; the objective says their length."""
    rng = np.random.default_rng([seed, step])
    draws = []
    for number in rng.choice(len(tasks), objective.n_tasks, replace=False):
        order = rng.permutation(tasks[number].articles)
        half = len(order) // 2
        support, query = (
            np.stack(list(_fill(stream, documents, part, objective=objective, rng=rng)))
            for part in (order[:half], order[half:])
        )
        draws.append(Draw(tasks[number].name, support, query))
    return draws


def _fill(
    stream: np.ndarray, documents: Documents, articles: np.ndarray, *, objective: Objective, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """`shots` sequences: each from a place within an article on, with further articles where that is short."""
    length = objective.length + 1
    cursor = 0
    for _ in range(objective.shots):
        parts, missing = [], length
        while missing:
            start, end = documents.bounds(int(articles[cursor % len(articles)]), n_tokens=len(stream))
            if not parts:
                start += int(rng.integers(max(1, end - start - length + 1)))
            parts.append(read_sequence(stream, start, length=min(missing, end - start)))
            missing -= len(parts[-1])
            cursor += 1
        yield np.concatenate(parts)


def halve_tasks(
    stream: np.ndarray, documents: Documents, tasks: Sequence[ArticleTask], *, objective: Objective, most: int
) -> list[Halves]:
    """Each task's held-out articles in two halves, at most `most` measured sequences a half."""
    found = []
    for task in tasks:
        rng = np.random.default_rng(0)  # the same articles for every model that is measured
        order = rng.permutation(task.articles)
        parts = (order[: len(order) // 2], order[len(order) // 2 :])
        first, second = (np.stack(list(_fill(stream, documents, part, objective=objective, rng=rng))) for part in parts)
        measured = tuple(_cut(stream, documents, part, length=objective.length, most=most) for part in parts)
        found.append(Halves(task.name, len(order), (first, second), measured))
    return found


def _cut(stream: np.ndarray, documents: Documents, articles: np.ndarray, *, length: int, most: int) -> np.ndarray:
    """The articles end to end, cut into sequences: (n, length + 1), or the one that is shorter where they are."""
    parts = []
    for article in articles:
        start, end = documents.bounds(int(article), n_tokens=len(stream))
        parts.append(read_sequence(stream, start, length=end - start))
    tokens = np.concatenate(parts)
    length = min(length, len(tokens) - 1)
    n_sequences = min(most, (len(tokens) - 1) // length)
    return np.stack([read_sequence(tokens, number * length, length=length + 1) for number in range(n_sequences)])
