"""Webhooks: what is believed, that each counts once, and that their order does not matter."""

import json
import time

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from studyapp.domain.webhook_signature import sign
from studyapp.models import ProlificSubmission, WebhookEvent
from studyapp.tasks.prolific import sync_prolific_study, take_webhook
from tests.studyapp.prolific_rows import CODE, link_up, make_pid, make_prolific_study, take_part

pytestmark = pytest.mark.django_db
SECRET = "the-hooks-secret"
HOOK = "/hooks/prolific/"
BODY = {
    "event_type": "submission.status.change",
    "resource_id": "a" * 24,
    "participant_id": "b" * 24,
    "status": "ACTIVE",
}


@pytest.fixture(autouse=True)
def secret(settings):
    settings.PROLIFIC_WEBHOOK_SECRET = SECRET


@pytest.fixture
def sent(monkeypatch):
    """The events that would go to the broker."""
    ids = []
    monkeypatch.setattr(take_webhook, "delay_on_commit", ids.append)
    return ids


def post(body=BODY, *, event_id="event-1", raw=None, secret=SECRET, timestamp=None, **headers):
    raw = json.dumps(body).encode() if raw is None else raw
    stamp = str(int(time.time()) if timestamp is None else timestamp)
    signed = {
        "X-Prolific-Request-Timestamp": stamp,
        "X-Prolific-Request-Signature": sign(secret, timestamp=stamp, body=raw),
        "X-Event-ID": event_id,
        **headers,
    }
    client = Client(enforce_csrf_checks=True)
    return client.post(HOOK, raw, content_type="application/json", headers=signed).status_code


def test_an_event_is_kept_once_and_sent_to_a_worker_once(sent):
    assert [post(), post(), post(event_id="event-2")] == [200, 200, 200]
    assert WebhookEvent.objects.count() == 2
    assert len(sent) == 2
    assert BODY["participant_id"] not in str(list(WebhookEvent.objects.values()))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"secret": "another"}, 401),
        ({"timestamp": time.time() - 3600}, 401),
        ({"X-Prolific-Request-Signature": ""}, 401),
        ({"raw": b"no json"}, 400),
        ({"raw": b"[1]"}, 400),
        ({"body": {"event_type": 5}}, 400),
        ({"event_id": ""}, 400),
        ({"event_id": "e" * 101}, 400),
        ({"raw": b'{"event_type": "x", "pad": "' + b"x" * 70_000 + b'"}'}, 413),
    ],
)
def test_what_is_not_prolifics_is_not_kept(sent, change, status):
    assert post(**change) == status
    assert not WebhookEvent.objects.exists() and sent == []


def test_nothing_is_believed_without_a_secret(settings, sent):
    settings.PROLIFIC_WEBHOOK_SECRET = ""
    assert post(secret="") == 503
    assert not WebhookEvent.objects.exists()


def test_the_door_opens_for_posts_only(client):
    assert client.get(HOOK).status_code == 405


def test_a_lost_queue_loses_no_event(monkeypatch):
    def refuse(_):
        raise OperationalError("no broker")

    monkeypatch.setattr(take_webhook, "delay_on_commit", refuse)
    assert post() == 200
    assert WebhookEvent.objects.get().handled_at is None


def deliver(fake, submission_id, *, event_id, status=None):
    """A webhook through the door, and its task at once."""
    body = fake.describe_change(submission_id)
    assert post({**body, "status": status or body["status"]}, event_id=event_id) == 200
    take_webhook(WebhookEvent.objects.get(event_id=event_id).pk)


def test_a_webhook_before_its_participants_arrival_is_matched_afterwards(fake, sent):
    link = link_up(make_prolific_study())
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(1))
    deliver(fake, submission_id, event_id="1")
    assert ProlificSubmission.objects.get().participant is None
    person = take_part(link.study, 1, submission_id=submission_id)
    sync_prolific_study(link.pk)
    assert ProlificSubmission.objects.get().participant == person


def test_late_and_unordered_webhooks_change_nothing_that_is_newer(fake, sent):
    link = link_up(make_prolific_study())
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(1))
    person = take_part(link.study, 1, submission_id=submission_id, answers=None)
    fake.prolific.hand_in(submission_id, code=CODE)
    deliver(fake, submission_id, event_id="2")
    deliver(fake, submission_id, event_id="1", status="RETURNED")  # sent before, come after
    assert ProlificSubmission.objects.get().status == "AWAITING REVIEW"
    person.refresh_from_db()
    assert person.status == "completed"


def test_a_return_told_by_a_webhook_gives_the_place_back_at_once(fake, sent):
    link = link_up(make_prolific_study())
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(1))
    person = take_part(link.study, 1, submission_id=submission_id, answers=1)
    fake.prolific.leave(submission_id)
    deliver(fake, submission_id, event_id="1")
    person.refresh_from_db()
    assert person.status == "dropped_out" and person.trials.exclude(response=None).count() == 1


def test_an_event_waits_while_prolific_cannot_be_read(fake, sent):
    link = link_up(make_prolific_study())
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(1))
    fake.fail("GET", f"submissions/{submission_id}/", status=503, times=99)
    deliver(fake, submission_id, event_id="1")
    assert WebhookEvent.objects.get().handled_at is None
    fake.faults.clear()
    take_webhook(WebhookEvent.objects.get().pk)
    assert WebhookEvent.objects.get().outcome == "the submission was read"


def test_events_of_studies_that_are_not_ours_are_done_with(fake, sent):
    link = link_up(make_prolific_study())
    post({"event_type": "study.status.change", "resource_id": link.remote_id}, event_id="ours")
    post({"event_type": "study.status.change", "resource_id": "f" * 24}, event_id="another")
    post({"event_type": "submission.status.change", "resource_id": "f" * 24}, event_id="nobody")
    for event in WebhookEvent.objects.all():
        take_webhook(event.pk)
    outcomes = dict(WebhookEvent.objects.values_list("event_id", "outcome"))
    assert outcomes == {
        "ours": "the study was read",
        "another": "of no study of ours",
        "nobody": "Prolific does not know the submission",
    }


@pytest.mark.django_db(transaction=True)
def test_prolifics_own_webhook_comes_in_over_http(fake, live_server, monkeypatch):
    monkeypatch.setattr("studyapp.hooks.prolific.send_webhook", take_webhook)
    link = link_up(make_prolific_study())
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(1))
    body = fake.describe_change(submission_id)
    address = live_server.url + HOOK
    assert fake.deliver(address, body, secret=SECRET, event_id="1") == 200
    assert fake.deliver(address, body, secret="guessed", event_id="2") == 401
    assert fake.deliver(address, body, secret=SECRET, event_id="3", timestamp=int(time.time()) - 3600) == 401
    assert ProlificSubmission.objects.get().submission_id == submission_id
