"""Work whose worker has died or whose message is lost: found by how long its row has shown no sign of life."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce


@transaction.atomic
def claim_silent(rows: QuerySet[Any], *, silent_since: datetime, now: datetime) -> list[int]:
    """The ids of those rows, queued or running, without a sign of life since `silent_since`. Locks them.

    The sign of life is `heartbeat_at`, or `created_at` before the first. It becomes `now`, so that each row is sent
    again once and not at every sweep.
    """
    waiting = rows.filter(state__in=("queued", "running")).alias(seen_at=Coalesce("heartbeat_at", "created_at"))
    silent = waiting.filter(seen_at__lt=silent_since).select_for_update(of=("self",))
    row_ids = list(silent.values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=row_ids).update(heartbeat_at=now)
    return row_ids
