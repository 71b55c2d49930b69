"""Stations 2 and 3 for staff: queue the articles, and watch them being written."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from studyapp import tasks
from studyapp.actions.generation import GenerationRefusedError, queue_jobs
from studyapp.checkpoints import list_checkpoints
from studyapp.models import GenerationJob, Study
from studyapp.offered_models import is_cached
from studyapp.staff_site.pages import show, study_page

RATE_WINDOW = timedelta(minutes=5)
SHOWN_ERRORS = 20


@study_page
def show_generation(request: HttpRequest, study: Study) -> HttpResponse:
    if request.method == "POST":
        try:
            job_ids = queue_jobs(study)
            messages.success(request, f"{len(job_ids)} articles queued.")
            tasks.send_jobs(job_ids)
        except GenerationRefusedError as error:
            messages.error(request, str(error))
        except tasks.QueueUnreachableError as error:
            messages.warning(request, str(error))
        return redirect("staff:study_generation", study.slug)
    jobs = GenerationJob.objects.of_study(study.pk)
    totals, arms = _count_states(jobs), _count_by_arm(study)
    cost = sum(row["spent"]["spent"] for row in arms if row["spent"])
    return show(
        request,
        "study_generation.html",
        title=study.title,
        study=study,
        totals=totals,
        wanted=study.items.count() * study.arms.count(),
        arms=arms,
        cost=cost,
        budget=settings.OPENAI_BUDGET,
        uses_server=any(row["spent"] or row["arm"].generator.startswith("openai") for row in arms),
        is_busy=bool(totals["queued"] or totals["running"]),
        pace=_estimate_pace(jobs, remaining=totals["queued"] + totals["running"]),
        errors=jobs.count_errors()[:SHOWN_ERRORS],
        missing=_find_missing_models(study) if study.is_draft else [],
        shelf=settings.MODELS_DIR,
        cache=settings.HUGGING_FACE_CACHE,
    )


def _find_missing_models(study: Study) -> list[str]:
    """The models that are neither on this machine's shelf nor in its cache; a worker elsewhere may still have them."""
    shelf = {checkpoint.folder for checkpoint in list_checkpoints(settings.MODELS_DIR)}
    missing = []
    for arm in study.arms.all():
        scheme, _, name = arm.generator.partition(":")
        kind = scheme.removesuffix("-chat")
        is_there = kind == "openai" or (
            is_cached(name, settings.HUGGING_FACE_CACHE) if kind == "huggingface" else name in shelf
        )
        if arm.generator and not is_there:
            missing.append(arm.generator)
    return missing


def _count_states(jobs: object) -> dict[str, int]:
    counts = dict(jobs.order_by().values_list("state").annotate(Count("id")))
    return {state: counts.get(state, 0) for state in GenerationJob.State.values}


def _count_by_arm(study: Study) -> list[dict[str, object]]:
    rows = GenerationJob.objects.of_study(study.pk).order_by().values_list("arm_id", "state").annotate(n=Count("id"))
    counts: dict[tuple[int, str], int] = {(arm_id, state): n for arm_id, state, n in rows}
    spent = {row["arm_id"]: row for row in GenerationJob.objects.of_study(study.pk).sum_spending()}
    return [
        {
            "arm": arm,
            "counts": [counts.get((arm.pk, state), 0) for state in GenerationJob.State.values],
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
