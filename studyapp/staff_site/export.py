"""Stations 8 and 9 for staff: bundles, and the reports that a worker writes from them."""

from pathlib import Path

from csp.decorators import csp
from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from studyapp.actions.blindness import StillBlindError, are_results_open, may_read_export, unblind
from studyapp.actions.export import (
    BundleKind,
    ExportRefusedError,
    delete_export,
    export_study,
    make_public,
    request_report,
)
from studyapp.domain.anonymity import DEFAULT_K, MOST_K
from studyapp.domain.roles import OWN
from studyapp.models import Export, QuestionAnswer, Response, Study
from studyapp.staff_site.pages import find_row, find_study, show, staff_only, study_page
from studyapp.tasks.export import send_report
from studyapp.tasks.sending import QueueUnreachableError

# The report is one file with its styles and pictures inside; it needs no script, and may send nothing anywhere.
REPORT_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "frame-ancestors": ["'none'"],
    "sandbox": ["allow-same-origin", "allow-downloads"],
}


@study_page
def show_exports(request: HttpRequest, study: Study) -> HttpResponse:
    if request.method == "POST":
        try:
            _carry_out(request, study)
        except (QueueUnreachableError, StillBlindError, ExportRefusedError) as error:
            messages.error(request, str(error))
        return redirect("staff:study_export", study.slug)
    exports = list(study.exports.select_related("study"))
    busy = (Export.ReportState.QUEUED, Export.ReportState.RUNNING)
    return show(
        request,
        "study_export.html",
        title=study.title,
        study=study,
        exports=[(export, may_read_export(export)) for export in exports],
        is_open=are_results_open(study),
        default_k=DEFAULT_K,
        most_k=MOST_K,
        free_text=Response.objects.filter(trial__participant__study=study).exclude(comment="").count()
        + QuestionAnswer.objects.typed(study).count(),
        is_busy=any(export.report_state in busy for export in exports),
    )


@study_page
def download_bundle(request: HttpRequest, study: Study, export_id: int) -> HttpResponse:
    export = get_object_or_404(Export, pk=export_id, study=study)
    if not may_read_export(export):
        messages.error(request, "The study runs and is blind: close it, or unblind it with a reason.")
        return redirect("staff:study_export", study.slug)
    if not export.bundle_path.is_file():
        raise Http404("the bundle is no longer in the folder of exports")
    return FileResponse(export.bundle_path.open("rb"), as_attachment=True, filename=export.file_name)


@csp(REPORT_POLICY)
@staff_only
def show_report(request: HttpRequest, slug: str, export_id: int, name: str) -> HttpResponse:
    """A file of a report: report.html, or what lies beside it."""
    study = find_study(request, slug)
    export = get_object_or_404(Export, pk=export_id, study=study, report_state=Export.ReportState.DONE)
    if not may_read_export(export):
        messages.error(request, "The study runs and is blind: close it, or unblind it with a reason.")
        return redirect("staff:study_export", slug)
    folder = export.report_dir.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise Http404("the report has no such file")
    is_pdf = path.suffix == ".pdf"  # which no browser shows in a sandbox
    return FileResponse(path.open("rb"), filename=Path(name).name, as_attachment=is_pdf)


def _carry_out(request: HttpRequest, study: Study) -> None:
    if request.POST.get("do") == "export":
        made = export_study(study, folder=settings.EXPORTS_DIR, now=timezone.now(), kind=_read_kind(request))
        messages.success(request, f"Bundle made: {made.participants} participants, {made.trials} trials.")
    elif request.POST.get("do") == "unblind":
        if not request.user.has_perm(OWN, study):
            raise StillBlindError("Unblinding is for an owner of the study; its page People says who that is.")
        unblind(study, reason=request.POST.get("reason", ""))
        messages.warning(request, "Unblinded, and written down: results can be seen from now on.")
    elif request.POST.get("do") == "report":
        wanted = find_row(Export, request.POST.get("export"), study=study)
        if not may_read_export(wanted):
            raise StillBlindError("The study runs and is blind: close it, or unblind it with a reason.")
        if request_report(wanted, now=timezone.now()):
            send_report(wanted.pk)
            messages.success(request, "A worker is writing the report.")
        else:
            messages.info(request, "The report is under way already.")
    elif request.POST.get("do") == "delete":
        delete_export(find_row(Export, request.POST.get("export"), study=study))
        messages.success(request, "The bundle and its report are deleted. The study keeps everything it holds.")
    else:
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")


def _read_kind(request: HttpRequest) -> BundleKind:
    """Which bundle the form asks for; the full one unless it says public.

    Raises:
        ExportRefusedError: k is no number.
    """
    for_spreadsheets = request.POST.get("for_spreadsheets") == "on"
    if request.POST.get("kind") != "public":
        return BundleKind(for_spreadsheets=for_spreadsheets)
    k = request.POST.get("k", "").strip() or str(DEFAULT_K)
    if not k.isascii() or not k.isdecimal() or len(k) > 4:
        raise ExportRefusedError(f"No public version was made: k is {k!r}; write a whole number from 2 to {MOST_K}.")
    with_comments = request.POST.get("with_comments") == "on"
    return make_public(k=int(k), with_comments=with_comments, for_spreadsheets=for_spreadsheets)
