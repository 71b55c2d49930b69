"""The audit log: every act that changes a study is written down with who did it and when.

Whoever opens the door (a staff page, a command) says once who acts, by `acting_as`; the actions then `record` what
they do inside their own transaction, so that an act and its entry are stored together or not at all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from studyapp.models import AuditEntry, Study

NOBODY = "the system"
_actor: ContextVar[User | str] = ContextVar("actor", default=NOBODY)


@contextmanager
def acting_as(actor: User | str) -> Iterator[None]:
    """What is recorded inside was done by `actor`: a signed-in account, or the name of a command."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def find_account() -> User | None:
    """The account that acts; None where a command or the system does."""
    actor = _actor.get()
    return None if isinstance(actor, str) else actor


def record(study: Study | None, act: str, *, reason: str = "", **detail: Any) -> AuditEntry:
    """Write down that the one who acts did `act` to a study (None: to none); `detail` must be plain JSON."""
    account = find_account()
    return AuditEntry.objects.create(
        at=timezone.now(),
        study=study,
        study_slug=study.slug if study else "",
        by=account,
        by_name=str(_actor.get()) if account is None else account.get_username(),
        act=act,
        reason=reason.strip(),
        detail=detail,
    )
