"""The Check page's audit of the pages: asked for, and told."""

import pytest

from studyapp.actions.blinding import finish_audit
from studyapp.domain.launch_facts import Finding
from studyapp.models import BlindingAudit, Stimulus
from studyapp.tasks.blinding import audit_blinding
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db
ADDRESS = "/staff/studies/pilot/check/"
NUMBERS = {"pages": 336, "trials": 150, "fetches": 1200}


def look(client):
    return " ".join(client.get(ADDRESS).content.decode().split())


def test_an_audit_is_asked_for_and_its_findings_are_told(admin_client, monkeypatch):
    sent = []
    monkeypatch.setattr(audit_blinding, "delay_on_commit", sent.append)
    make_launched()
    assert "The pages have not been audited yet." in look(admin_client)
    admin_client.post(ADDRESS, {"do": "audit"})
    audit = BlindingAudit.objects.get()
    assert sent == [audit.pk]
    assert "queued</span> since" in look(admin_client)
    found = [Finding("refuse", "Headers", "They change: x-cache."), Finding("warn", "Blinding", "small: a cue.")]
    finish_audit(audit, found, numbers=NUMBERS, now=NOW)
    shown = look(admin_client)
    assert "Something tells who wrote a text</strong>, on 336 pages and 1200 fetches" in shown
    assert "<strong>Tells</strong>" in shown
    assert "Headers: They change: x-cache." in shown
    assert "a cue." not in shown  # the texts are the checklist's
    assert "The texts have changed since" not in shown
    Stimulus.objects.filter(arm=None).update(sha256="0" * 64)
    assert "The texts have changed since" in look(admin_client)


def test_what_cannot_be_audited_is_said(admin_client):
    make_draft()
    answer = admin_client.post(ADDRESS, {"do": "audit"}, follow=True)
    assert "The study has not all its texts yet" in answer.content.decode()
    assert not BlindingAudit.objects.exists()
