"""Stations 2 and 3 for staff: queue the articles, and watch them being written."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from studyapp.actions.generation import GenerationRefusedError, queue_jobs
from studyapp.actions.generation_queue import cancel_queued_jobs, retry_failed_jobs
from studyapp.models import Arm, GenerationJob, Study
from studyapp.staff_site.pages import show, study_page
from studyapp.staff_site.steps import find_missing_models
from studyapp.tasks.generation import send_jobs
from studyapp.tasks.sending import QueueUnreachableError

RATE_WINDOW = timedelta(minutes=5)
SHOWN_ERRORS = 20
STATES: list[str] = GenerationJob.State.values


@study_page
def show_generation(request: HttpRequest, study: Study) -> HttpResponse:
    if request.method == "POST":
        try:
            _carry_out(request, study)
        except GenerationRefusedError as error:
            messages.error(request, str(error))
        except QueueUnreachableError as error:
            messages.warning(request, str(error))
        return redirect("staff:study_generation", study.slug)
    arms = _count_by_arm(study)
    cost = sum(row["spent"]["spent"] for row in arms if row["spent"])
    return show(
        request,
        "study_generation.html",
        title=study.title,
        study=study,
        arms=arms,
        cost=cost,
        at_once=settings.JOBS_AT_ONCE,
        budget=settings.OPENAI_BUDGET,
        uses_server=any(row["spent"] or row["arm"].generator.startswith("openai") for row in arms),
        missing=find_missing_models(study) if study.is_draft else [],
        shelf=settings.MODELS_DIR,
        cache=settings.HUGGING_FACE_CACHE,
        **_measure_progress(study),
    )


@study_page
def send_progress(request: HttpRequest, study: Study) -> HttpResponse:
    """What the page shows while articles are being written, as its script asks for it every few seconds."""
    progress = _measure_progress(study)
    return JsonResponse(
        {
            "totals": progress["totals"],
            "wanted": progress["wanted"],
            "is_busy": progress["is_busy"],
            "pace": progress["pace"],
            "arms": {row["arm"].name: dict(zip(STATES, row["counts"], strict=True)) for row in _count_by_arm(study)},
            "n_errors": sum(row["n"] for row in progress["errors"]),
        }
    )


def _measure_progress(study: Study) -> dict[str, Any]:
    jobs = GenerationJob.objects.of_study(study.pk)
    totals = _count_states(jobs)
    return {
        "totals": totals,
        "wanted": study.items.count() * study.arms.count(),
        "is_busy": bool(totals["queued"] or totals["running"]),
        "pace": _estimate_pace(jobs, remaining=totals["queued"] + totals["running"]),
        "errors": jobs.count_errors()[:SHOWN_ERRORS],
    }


def _carry_out(request: HttpRequest, study: Study) -> None:
    """Queue what is missing (which a page without a word means too), try failed ones again, or take back what waits."""
    name = request.POST.get("arm", "").replace("\x00", "")
    arm = get_object_or_404(Arm, study=study, name=name) if name else None
    match request.POST.get("do", "queue"):
        case "queue":
            job_ids = queue_jobs(study)
            messages.success(request, f"{count_texts(len(job_ids))} queued.")
            send_jobs(job_ids)
        case "retry":
            job_ids = retry_failed_jobs(study, arm=arm)
            messages.success(request, f"{count_texts(len(job_ids), which='failed ')} queued again.")
            send_jobs(job_ids)
        case "cancel":
            n_jobs = cancel_queued_jobs(study, arm=arm)
            messages.success(
                request, f"{count_texts(n_jobs, which='waiting ')} taken back; what is being written by now is kept."
            )
        case _:
            messages.error(request, "Nothing was done: the page asked for something that does not exist.")


def count_texts(number: int, *, which: str = "") -> str:
    """`1 text`, `3 failed texts`: each is that of one item in one arm."""
    return f"{number} {which}text{'' if number == 1 else 's'}"


def _count_states(jobs: object) -> dict[str, int]:
    counts = dict(jobs.order_by().values_list("state").annotate(Count("id")))
    return {state: counts.get(state, 0) for state in STATES}


def _count_by_arm(study: Study) -> list[dict[str, object]]:
    rows = GenerationJob.objects.of_study(study.pk).order_by().values_list("arm_id", "state").annotate(n=Count("id"))
    counts: dict[tuple[int, str], int] = {(arm_id, state): n for arm_id, state, n in rows}
    spent = {row["arm_id"]: row for row in GenerationJob.objects.of_study(study.pk).sum_spending()}
    return [
        {
            "arm": arm,
            "counts": [counts.get((arm.pk, state), 0) for state in STATES],
            "n_failed": counts.get((arm.pk, GenerationJob.State.FAILED), 0),
            "n_queued": counts.get((arm.pk, GenerationJob.State.QUEUED), 0),
            "spent": spent.get(arm.pk),
        }
        for arm in study.arms.all()
    ]


def _estimate_pace(jobs: object, *, remaining: int) -> dict[str, float] | None:
    """Articles a minute over the last minutes, and the minutes left at that pace."""
    now = timezone.now()
    recent = jobs.filter(state=GenerationJob.State.DONE, finished_at__gte=now - RATE_WINDOW)
    first = recent.order_by("started_at").values_list("started_at", flat=True).first()
    if first is None:
        return None
    minutes = max((now - first) / timedelta(minutes=1), 1e-6)
    a_minute = recent.count() / minutes
    return {"a_minute": a_minute, "minutes_left": remaining / a_minute}
