"""The page Rehearsal, and where rehearsals are not to be seen."""

import pytest
from django.urls import reverse

from studyapp.actions.rehearsal import begin_rehearsal, finish_rehearsal
from studyapp.models import Rehearsal, Study
from studyapp.tasks.rehearsal import rehearse
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    ids = []
    monkeypatch.setattr(rehearse, "delay_on_commit", ids.append)
    return ids


def ask(client, slug="pilot", **changes):
    address = reverse("staff:study_rehearsals", args=[slug])
    form = client.get(address).context["form"]
    fields = {name: form[name].initial for name in form.fields}
    return client.post(address, {**fields, "do": "rehearse", **changes}, follow=True)


VERDICT = {
    "passed": False,
    "checks": [
        {"name": "accuracy", "subject": "small", "planted": 0.76, "found": 0.24, "low": 0.6, "high": 0.9,
         "passed": False, "note": "curve 76.0%"},
        {"name": "completed", "subject": "", "planted": 12, "found": 12, "low": 12, "high": 12, "passed": True,
         "note": ""},
    ],
    "kinds": {"steady": 10, "dropout": 2},
    "times": {"pages": 90, "page_median_ms": 12.5, "page_95_ms": 40.0, "minutes_to_read": 9.1, "minutes_promised": 30,
              "pay_an_hour": None},
    "export": 1,
}  # fmt: skip


def test_a_rehearsal_is_asked_for_followed_and_shown(admin_client, sent):
    make_launched(slug="pilot")
    assert "0 of 0 simulated participants" in ask(admin_client, per_cell="3", dropout="20").content.decode()
    rehearsal = Rehearsal.objects.get()
    assert sent == [rehearsal.pk]
    assert (rehearsal.per_cell, rehearsal.parameters["dropout"], rehearsal.requested_by.username) == (3, 0.2, "admin")
    begin_rehearsal(rehearsal.pk, now=NOW)
    finish_rehearsal(rehearsal.pk, verdict=VERDICT, now=NOW)
    page = admin_client.get(reverse("staff:study_rehearsals", args=["pilot"])).content.decode()
    assert "not everything found" in page
    assert "60.0 % to 90.0 %" in page
    assert "12.5 ms" in page


def test_what_cannot_be_rehearsed_is_said(admin_client, sent):
    make_draft(slug="draft")
    assert "not ready" in ask(admin_client, "draft").content.decode()
    make_launched(slug="pilot")
    assert "come to 1" in ask(admin_client, awkward="90").content.decode()
    assert not Rehearsal.objects.exists()
    assert sent == []


def test_rehearsals_are_kept_apart_and_deleted_from_their_study(admin_client, sent):
    make_launched(slug="pilot")
    ask(admin_client)
    copy = begin_rehearsal(sent[0], now=NOW).copy
    listing = reverse("staff:study_list")
    assert copy.slug not in admin_client.get(listing).content.decode()
    assert copy.slug in admin_client.get(listing, {"rehearsals": "yes"}).content.decode()
    rows = reverse("admin:studyapp_study_changelist")
    assert copy.slug not in admin_client.get(rows).content.decode()
    assert copy.slug in admin_client.get(rows, {"rehearsals": "with"}).content.decode()
    overview = admin_client.get(copy.get_absolute_url()).content.decode()
    assert "everybody in it is simulated" in overview
    assert (
        "This is a rehearsal itself"
        in admin_client.get(reverse("staff:study_rehearsals", args=[copy.slug])).content.decode()
    )
    admin_client.post(reverse("staff:study_rehearsals", args=["pilot"]), {"do": "delete", "rehearsal": sent[0]})
    assert list(Study.objects.values_list("slug", flat=True)) == ["pilot"]


def test_somebody_real_is_told_kindly_and_stored_nowhere(client, admin_client, sent):
    make_launched(slug="pilot")
    ask(admin_client)
    copy = begin_rehearsal(sent[0], now=NOW).copy
    answer = client.get(f"/s/{copy.slug}/")
    assert answer.status_code == 200
    assert "there is nothing to do for you" in answer.content.decode()
    assert "arrival" not in answer.content.decode()
    assert not copy.participants.exists()
