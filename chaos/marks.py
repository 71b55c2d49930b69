"""Which processes of the workers are at an article: a file for each, so that a kill can be aimed at one."""

import os
from pathlib import Path

from celery.signals import task_postrun, task_prerun

from chaos.processes import is_alive

ARTICLE = "studyapp.tasks.generate_article"


def mark_work(folder: Path) -> None:
    """Have this process, if it is a worker's, say in the folder when it is at an article."""

    def begin(task: object, **_: object) -> None:
        if getattr(task, "name", "") == ARTICLE:
            (folder / f"writing-{os.getpid()}").touch()

    def end(**_: object) -> None:
        (folder / f"writing-{os.getpid()}").unlink(missing_ok=True)

    task_prerun.connect(begin, weak=False)
    task_postrun.connect(end, weak=False)


def list_writing(folder: Path) -> list[int]:
    """The processes that are at an article now."""
    found = []
    for mark in folder.glob("writing-*"):
        pid = int(mark.name.rpartition("-")[2])
        if is_alive(pid):
            found.append(pid)
        else:
            mark.unlink(missing_ok=True)
    return found
