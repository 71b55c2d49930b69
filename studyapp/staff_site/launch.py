"""The launch checklist, the launch, and the end of a study."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from studyapp.actions.launch import LaunchRefusedError, close_study, launch_study, review_readiness
from studyapp.domain.launch_checklist import may_launch
from studyapp.models import Study
from studyapp.staff_site.entry_link import find_entry_link
from studyapp.staff_site.pages import owner_page, show


@owner_page
def show_launch(request: HttpRequest, study: Study) -> HttpResponse:
    if request.method == "POST":
        _carry_out(request, study)
        return redirect("staff:study_launch", study.slug)
    findings = review_readiness(study) if study.is_draft else []
    by_level = {level: [f for f in findings if f.level == level] for level in ("refuse", "warn", "pass")}
    return show(
        request,
        "study_launch.html",
        title=study.title,
        study=study,
        refused=by_level["refuse"],
        warnings=by_level["warn"],
        passed=by_level["pass"],
        may_launch=study.is_draft and may_launch(findings),
        entry_link=find_entry_link(study),
        entry_note=study.adapter.entry_note,
        launched=study.audit_entries.filter(act="launched").first(),
    )


def _carry_out(request: HttpRequest, study: Study) -> None:
    if request.POST.get("sure") != "yes":
        messages.error(request, "Nothing was done: tick the box to say that you are sure.")
    elif request.POST.get("do") == "launch":
        try:
            launched = launch_study(study, now=timezone.now(), acknowledged=request.POST.getlist("acknowledged"))
        except LaunchRefusedError as error:
            messages.error(request, f"Not launched: {error}")
        else:
            messages.success(request, f"Launched. The design is frozen under {launched.design_sha256[:12]}….")
    elif request.POST.get("do") == "close":
        close_study(study, now=timezone.now())
        messages.success(request, "The study is closed: nobody enters any more; those at work may finish.")
    else:
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
