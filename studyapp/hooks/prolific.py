"""Prolific's webhooks: believed by their signature, kept once, answered at once; a worker does the rest."""

import json
import logging
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from studyapp.actions.webhooks import Delivery, keep_event
from studyapp.domain.webhook_signature import SignatureError, verify_signature
from studyapp.tasks.prolific import send_webhook

MOST_BYTES = 64 * 1024
logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """200 for what is Prolific's, new or not; 4xx for what is not; 503 while we have no secret to tell by."""
    secret = settings.PROLIFIC_WEBHOOK_SECRET
    if not secret:
        return _answer(503, "no secret is set")
    body = _read_bounded(request)
    if body is None:
        return _answer(413, "too large")
    now = timezone.now()
    try:
        sent_at = verify_signature(
            secret,
            timestamp=request.headers.get("X-Prolific-Request-Timestamp", ""),
            signature=request.headers.get("X-Prolific-Request-Signature", ""),
            body=body,
            now=now,
        )
    except SignatureError as error:
        logger.warning("a webhook was refused: %s", error)
        return _answer(401, "not believed")
    delivery = _read_delivery(body, event_id=request.headers.get("X-Event-ID", ""), sent_at=sent_at)
    if delivery is None:
        return _answer(400, "no event")
    event, is_new = keep_event(delivery, now=now)
    if is_new:
        send_webhook(event.pk)
    return _answer(200, "kept" if is_new else "known")


def _read_bounded(request: HttpRequest) -> bytes | None:
    """The raw body, unless it is larger than any webhook."""
    body = request.read(MOST_BYTES + 1)
    return body if len(body) <= MOST_BYTES else None


def _read_delivery(body: bytes, *, event_id: str, sent_at: datetime) -> Delivery | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(said, dict) and event_id and len(event_id) <= 100 and isinstance(said.get("event_type"), str)):
        return None
    return Delivery(
        event_id=event_id,
        event_type=said["event_type"][:60],
        resource_id=str(said.get("resource_id") or "")[:40],
        status=str(said.get("status") or "")[:30],
        sent_at=sent_at,
    )


def _answer(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")
