"""The study as it stands before launch: every step, and every finding of the checklist with where it is mended."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from studyapp.actions.blinding import AuditRefusedError, hash_stimuli, request_audit
from studyapp.actions.launch import review_readiness
from studyapp.domain.launch_audit import TOPICS
from studyapp.domain.launch_checklist import Finding, may_launch
from studyapp.models import BlindingAudit, Study
from studyapp.staff_site.pages import show, study_page
from studyapp.staff_site.steps import PAGES, find_steps
from studyapp.tasks.blinding import send_audit
from studyapp.tasks.sending import QueueUnreachableError

# Where a finding is mended, by its topic; one without a place here is shown without a way.
MENDED_ON = {
    "Items": "study_articles",
    "Context": "study_articles",
    "Articles": "study_articles",
    "Arms": "study_models",
    "Generation": "study_generation",
    "Stimuli": "study_review",
    "Lengths": "study_review",
    "Overlap": "study_review",
    "Blinding": "study_review",
    "Traces": "study_review",
    "Review": "study_review",
    "Forms": "study_review",
    "Texts": "study_texts",
    "Consent": "study_texts",
    "Data protection": "study_texts",
    "Power": "study_texts",
    "Shown items": "study_articles",
    "Promise": "study_recruitment",
    "Contact": "study_recruitment",
    "Pay": "study_recruitment",
    "Platform": "study_recruitment",
    "Excluded studies": "study_recruitment",
}
LEVELS = {"refuse": "Refused", "warn": "Mind", "pass": "Good"}


@dataclass(frozen=True)
class FindingRow:
    """A finding with its verdict in a word, and the step that mends it, by address and name ("" without one)."""

    finding: Finding
    verdict: str
    page: str
    page_name: str
    is_unread: bool = False  # a warning that was sent without its tick


def describe_findings(findings: Iterable[Finding], *, unread: Iterable[str] = ()) -> list[FindingRow]:
    """Every finding as Check and Launch show it, what refuses first; `unread`: keys of warnings without a tick."""
    names, keys = dict(PAGES), set(unread)
    rows = []
    for finding in sorted(findings, key=lambda finding: list(LEVELS).index(finding.level)):
        page = MENDED_ON.get(finding.topic, "") if finding.level != "pass" else ""
        rows.append(FindingRow(finding, LEVELS[finding.level], page, names.get(page, ""), finding.key in keys))
    return rows


@study_page
def show_check(request: HttpRequest, study: Study) -> HttpResponse:
    if request.method == "POST":
        return _audit(request, study)
    audit = study.blinding_audits.first()
    findings = review_readiness(study) if study.is_draft else []
    return show(
        request,
        "study_check.html",
        title=study.title,
        study=study,
        rows=describe_findings(findings),
        n_refused=sum(finding.level == "refuse" for finding in findings),
        n_warned=sum(finding.level == "warn" for finding in findings),
        may_launch=study.is_draft and may_launch(findings),
        audit=audit,
        audit_rows=describe_findings(read_page_findings(audit)) if audit else [],
        texts_changed=audit is not None and audit.texts_sha256 != hash_stimuli(study),
        is_busy=audit is not None and audit.is_busy,
        open_steps=[step for step in find_steps(study)[:-2] if step.state != "done"] if study.is_draft else [],
    )


def read_page_findings(audit: BlindingAudit) -> list[Finding]:
    """What an audit found on the pages; what it found in the texts is in the checklist itself."""
    found = (Finding(**stored) for stored in audit.findings)
    return [finding for finding in found if finding.topic not in TOPICS]


def _audit(request: HttpRequest, study: Study) -> HttpResponse:
    """Have the pages walked, or say why not."""
    try:
        send_audit(request_audit(study, now=timezone.now()))
        messages.success(request, "A bot is on its way through the pages of a copy; reload this page in a minute.")
    except (AuditRefusedError, QueueUnreachableError) as error:
        messages.error(request, str(error))
    return redirect("staff:study_check", study.slug)
