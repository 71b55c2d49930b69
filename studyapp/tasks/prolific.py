"""Submissions and webhooks of Prolific."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from studyapp.actions import webhooks
from studyapp.models import ProlificStudy, WebhookEvent
from studyapp.prolific import submissions
from studyapp.prolific.desk import has_token, open_client
from studyapp.prolific.transport import ProlificError
from studyapp.tasks.sending import QueueUnreachableError

logger = logging.getLogger(__name__)
EVENT_WAITS = timedelta(minutes=5)  # for its own task; then the next sync takes it


@shared_task(name="studyapp.tasks.sync_prolific")
def sync_prolific() -> None:
    """Read every linked study that is worth it, and the webhooks left over: what webhooks miss, this finds."""
    if not has_token():
        return
    for link_id in ProlificStudy.objects.worth_reading().values_list("id", flat=True):
        sync_prolific_study.delay(link_id)
    for event_id in webhooks.list_waiting_events(received_before=timezone.now() - EVENT_WAITS):
        take_webhook.delay(event_id)


@shared_task(name="studyapp.tasks.sync_prolific_study")
def sync_prolific_study(link_id: int) -> None:
    """Read a study's submissions from Prolific; what goes wrong is named on the link."""
    link = ProlificStudy.objects.select_related("study").filter(pk=link_id).exclude(remote_id="").first()
    if link is None or not has_token():
        return
    try:
        with open_client(is_patient=True) as client:
            submissions.sync_study(client, link)
    except ProlificError as error:
        logger.warning("Prolific's submissions of %s were not all read: %s", link.study.slug, error)


@shared_task(name="studyapp.tasks.take_webhook")
def take_webhook(event_id: int) -> None:
    """Read what a webhook is about; where Prolific cannot be read, the event waits for the next sync."""
    event = WebhookEvent.objects.filter(pk=event_id, handled_at=None).first()
    if event is None or not has_token():
        return
    try:
        with open_client(is_patient=True) as client:
            submissions.take_event(client, event)
    except ProlificError as error:
        logger.warning("webhook %s waits: %s", event.event_id, error)


def send_sync(link_id: int) -> None:
    """Have a worker read a study's submissions from Prolific.

    Raises:
        QueueUnreachableError: it was not sent.
    """
    try:
        sync_prolific_study.delay_on_commit(link_id)
    except OperationalError as error:
        raise QueueUnreachableError(
            "The queue's Redis cannot be reached, so nothing is read from Prolific until it is back."
        ) from error


def send_webhook(event_id: int) -> bool:
    """Have a worker take a webhook; False where the queue is away, and the next sync takes it."""
    try:
        take_webhook.delay_on_commit(event_id)
    except OperationalError:
        logger.warning("webhook %s waits: the queue's Redis cannot be reached", event_id)
        return False
    return True
