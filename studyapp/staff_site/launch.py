"""The launch checklist, the launch, and the end of a study."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from studyapp.actions.launch import LaunchRefusedError, close_study, launch_study, review_readiness
from studyapp.domain.launch_checklist import Finding, find_unacknowledged, may_launch
from studyapp.models import Study
from studyapp.staff_site.check import describe_findings
from studyapp.staff_site.entry_link import find_entry_link
from studyapp.staff_site.pages import owner_page, show


@owner_page
def show_launch(request: HttpRequest, study: Study) -> HttpResponse:
    """The checklist; a launch that was asked for without its ticks comes back to it, with those that were set."""
    if request.method == "POST" and _carry_out(request, study):
        return redirect("staff:study_launch", study.slug)
    findings = review_readiness(study) if study.is_draft else []
    ticked, is_sure = request.POST.getlist("acknowledged"), request.POST.get("sure") == "yes"
    unread = find_unacknowledged(findings, ticked) if request.method == "POST" else []
    rows = describe_findings(findings, unread=[finding.key for finding in unread])
    by_level = {level: [row for row in rows if row.finding.level == level] for level in ("refuse", "warn", "pass")}
    return show(
        request,
        "study_launch.html",
        title=study.title,
        study=study,
        refused=by_level["refuse"],
        warnings=by_level["warn"],
        passed=by_level["pass"],
        ticked=ticked,
        is_sure=is_sure,
        not_sure=request.method == "POST" and not is_sure,
        may_launch=study.is_draft and may_launch(findings),
        entry_link=find_entry_link(study),
        entry_note=study.adapter.entry_note,
        launched=study.audit_entries.filter(act="launched").first(),
    )


def _carry_out(request: HttpRequest, study: Study) -> bool:
    """True when it is done; else what was not is said at the top of the page."""
    is_sure = request.POST.get("sure") == "yes"
    match request.POST.get("do"):
        case "launch":
            return _launch(request, study, is_sure=is_sure)
        case "close" if is_sure:
            close_study(study, now=timezone.now())
            messages.success(request, "The study is closed: nobody enters any more; those at work may finish.")
            return True
        case "close":
            messages.error(request, "Not closed: tick the box to say that you are sure.")
        case _:
            messages.error(request, "Nothing was done: the page asked for something that does not exist.")
    return False


def _launch(request: HttpRequest, study: Study, *, is_sure: bool) -> bool:
    ticked = request.POST.getlist("acknowledged")
    if not is_sure:
        messages.error(request, f"Not launched: {_tell_ticks(find_unacknowledged(review_readiness(study), ticked))}.")
        return False
    try:
        launched = launch_study(study, now=timezone.now(), acknowledged=ticked)
    except LaunchRefusedError as error:
        if any(finding.level == "refuse" for finding in error.findings):
            messages.error(request, f"Not launched: {error}")
        else:
            messages.error(request, f"Not launched: {_tell_ticks(error.findings, is_sure=True)}.")
        return False
    messages.success(request, f"Launched. The design is frozen under {launched.design_sha256[:12]}….")
    return True


def _tell_ticks(unread: Sequence[Finding], *, is_sure: bool = False) -> str:
    """Which ticks are missing."""
    n = len(unread)
    missing = [f"{n} warning{'' if n == 1 else 's'} {'is' if n == 1 else 'are'} not ticked"] if n else []
    return ", and ".join(missing if is_sure else [*missing, "the box that says that you are sure is not ticked"])
