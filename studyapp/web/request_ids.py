"""The id of a request, in every line of its log and in those of the tasks that it sent; None outside of both."""

import re
import secrets
from contextvars import ContextVar, Token
from typing import Any

from celery import Task
from celery.signals import before_task_publish, task_postrun, task_prerun

HEADER = "byline_request_id"  # of a task's message
_SANE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,63}")
current: ContextVar[str | None] = ContextVar("request_id", default=None)
_before: dict[str, Token] = {}  # of tasks that run now


def choose_request_id(given: str) -> str:
    """The id that a proxy gave in X-Request-ID, or one of our own where that is none."""
    return given if _SANE.fullmatch(given) else secrets.token_hex(16)


@before_task_publish.connect
def put_into_message(headers: dict[str, Any] | None = None, **_: object) -> None:
    if headers is not None and (request_id := current.get()):
        headers.setdefault(HEADER, request_id)


@task_prerun.connect
def take_from_message(task_id: str, task: Task, **_: object) -> None:
    given = task.request.get(HEADER) or (task.request.get("headers") or {}).get(HEADER)
    _before[task_id] = current.set(given or current.get())


@task_postrun.connect
def forget(task_id: str, **_: object) -> None:
    if (token := _before.pop(task_id, None)) is not None:
        current.reset(token)
