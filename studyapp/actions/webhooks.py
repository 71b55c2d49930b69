"""Prolific's webhooks: kept once each when they come, worked through by a task afterwards."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from studyapp.models import WebhookEvent


@dataclass(frozen=True)
class Delivery:
    """What a verified webhook says. The participant's id that it carries too is not taken over."""

    event_id: str
    event_type: str
    resource_id: str
    status: str
    sent_at: datetime


@transaction.atomic
def keep_event(delivery: Delivery, *, now: datetime) -> tuple[WebhookEvent, bool]:
    """The event's row, and whether it is new: deliveries are repeated until one is answered."""
    return WebhookEvent.objects.get_or_create(
        event_id=delivery.event_id,
        defaults={
            "event_type": delivery.event_type,
            "resource_id": delivery.resource_id,
            "status": delivery.status,
            "sent_at": delivery.sent_at,
            "received_at": now,
        },
    )


def finish_event(event: WebhookEvent, *, outcome: str, now: datetime) -> None:
    WebhookEvent.objects.filter(pk=event.pk).update(handled_at=now, outcome=outcome[:200])


def list_waiting_events(*, received_before: datetime) -> list[int]:
    """Events whose task was lost, or could not reach Prolific."""
    waiting = WebhookEvent.objects.filter(handled_at=None, received_at__lt=received_before)
    return list(waiting.order_by("id").values_list("id", flat=True)[:500])
