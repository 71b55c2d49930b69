"""The bot walks every cell of a copy, finds whatever is planted on its pages, and leaves nothing behind."""

import io
import json
import re

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import OperationalError

from studyapp.actions.blinding import AuditRefusedError, finish_audit, open_audit_copy, request_audit
from studyapp.domain.launch_audit import TOPICS
from studyapp.domain.launch_facts import Finding
from studyapp.models import AuditEntry, BlindingAudit, Trial
from studyapp.simulated.blinding_auditing import carry_audit_out, judge_walk
from studyapp.simulated.blinding_walk import PageWalker, Site
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db
NUMBERS = {"pages": 1, "trials": 1, "fetches": 8}
TWO_ARMS = [
    {"name": "control", "control": True, "conditioned": False, "generator": "checkpoint:control"},
    {"name": "small", "generator": "huggingface:lab/small-gpt"},
]


def count_rows():
    kept = (BlindingAudit, AuditEntry)
    return {model._meta.label: model._default_manager.count() for model in apps.get_models() if model not in kept}


def find(findings, level):
    """The messages of that level by their topic, together."""
    told = {}
    for finding in findings:
        if finding.level == level:
            told[finding.topic] = told.get(finding.topic, "") + finding.message
    return told


class LeakySite:
    """The site with leaks of every kind behind it, on the page of an article that a model wrote."""

    def __init__(self, leaks):
        self.site, self.leaks, self.now = Site(), leaks, 0.0

    def clock(self):
        return self.now

    def __call__(self, environ, start_response):
        is_model = is_of_model(environ["PATH_INFO"])
        self.now += 0.03 if is_model and "time" in self.leaks else 0.01
        held = {}
        body = b"".join(self.site(environ, lambda status, headers: held.update(status=status, headers=headers)))
        headers = held["headers"]
        if "address" in self.leaks:
            headers = [(n, v + "?from=m" if n == "Location" and is_of_model(v) else v) for n, v in headers]
        if is_model and environ["REQUEST_METHOD"] == "GET":
            headers = [*headers, *([("X-Cache", "MISS")] if "header" in self.leaks else [])]
            headers = [*headers, *([("Set-Cookie", "seen=1; Path=/")] if "cookie" in self.leaks else [])]
            body = body.replace(b'<main id="main"', b'<main id="mai-"') if "byte" in self.leaks else body
            if "word" in self.leaks and is_of_model(environ["PATH_INFO"], stimulus__arm__name="small"):
                body = body.replace(b"</main>", b"<i title='small'></i></main>")
            body += b"\n" if "size" in self.leaks else b""
        start_response(held["status"], headers)
        return [body]


def is_of_model(path, **arm):
    """Whether it is the address of an article that a model wrote."""
    found = re.search(r"/item/([0-9a-f]{24})/", path)
    return found is not None and Trial.objects.filter(code=found[1], stimulus__arm__isnull=False, **arm).exists()


def walk(copy, *leaks):
    site = LeakySite(leaks)
    done = PageWalker(copy, repeats=2, app=site, clock=site.clock).walk()
    return judge_walk(copy, done)[0]


def test_the_sites_own_pages_tell_nothing_and_an_audit_leaves_nothing_behind():
    study = make_launched(n_items=4, arms=TWO_ARMS)
    before = count_rows()
    said = io.StringIO()
    call_command("audit_blinding", study.slug, "--json", repeats=2, stdout=said)
    audit = BlindingAudit.objects.get()
    assert (audit.state, audit.passed) == ("done", True)
    assert json.loads(said.getvalue())["findings"] == audit.findings
    pages = [finding for finding in audit.findings if finding["topic"] not in (*TOPICS, "Times")]
    assert {finding["level"] for finding in pages} == {"pass"}, pages
    topics = {finding["topic"] for finding in audit.findings}
    assert {"Addresses", "Headers", "Cookies", "Pages", "Sizes", "Words", "Codes", "Times"} <= topics
    assert (audit.numbers["trials"], audit.numbers["fetches"]) == (16, 64)
    assert count_rows() == before
    assert not AuditEntry.objects.filter(study_slug__contains="-audit-").exists()


def test_the_command_fails_on_what_tells(monkeypatch):
    study = make_launched(n_items=2, arms=TWO_ARMS)

    def find_one(audit, **options):
        finish_audit(audit, [Finding("refuse", "Headers", "They change.")], numbers=NUMBERS, now=NOW)

    monkeypatch.setattr("studyapp.management.commands.audit_blinding.carry_audit_out", find_one)
    said = io.StringIO()
    with pytest.raises(CommandError, match="Something tells"):
        call_command("audit_blinding", study.slug, stdout=said)
    assert "TELLS  Headers: They change." in said.getvalue()


def test_every_planted_leak_is_found():
    # of four items, whose order is drawn, too few places now and then show both sources for addresses to be parted
    copy = open_audit_copy(make_launched(n_items=8, arms=TWO_ARMS), now=NOW)
    told = find(walk(copy, "header", "cookie", "byte", "size", "word", "address", "time"), "refuse")
    assert set(told) == {"Addresses", "Headers", "Cookies", "Pages", "Sizes", "Words", "Times"}
    assert "x-cache" in told["Headers"].casefold()
    assert "from=m" in told["Addresses"]
    assert "“small”" in told["Words"]
    assert "+20.00 ms" in told["Times"]


def test_pairs_and_stages_are_walked_too():
    for slug, checks in (("pairs", {"presentation": "paired"}), ("stages", {"reveal_stages": 3})):
        study = make_launched(n_items=2, slug=slug, arms=TWO_ARMS[1:], checks=checks)
        audit = request_audit(study, now=NOW)
        carry_audit_out(audit, repeats=2)
        pages = [finding for finding in audit.findings if finding["topic"] == "Pages"]
        assert [finding["level"] for finding in pages] == ["pass", "pass"], pages


def test_a_study_without_texts_and_a_copy_are_not_audited():
    draft = make_draft(n_items=2)
    with pytest.raises(AuditRefusedError, match="not all its texts"):
        request_audit(draft, now=NOW)
    draft.rehearsal_of = draft
    with pytest.raises(AuditRefusedError, match="is a copy"):
        request_audit(draft, now=NOW)


def test_an_audit_that_meets_a_database_that_is_away_is_left_to_the_sweep(monkeypatch):
    audit = request_audit(make_launched(), now=NOW)

    def refuse(*_, **__):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("studyapp.simulated.blinding_auditing.open_audit_copy", refuse)
    carry_audit_out(audit)
    audit.refresh_from_db()
    assert (audit.state, audit.error, audit.finished_at) == ("running", "", None)
    assert audit.heartbeat_at is not None
