"""Ladders in training or fine-tuning for staff: which there are, and how each of its models comes on."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from studyapp.actions.training import list_next_jobs, resume_ladder, stop_ladder
from studyapp.actions.training_ladders import LadderRefusedError, remove_ladder
from studyapp.domain.fine_tuning import FineTuning
from studyapp.domain.loss_picture import Curve, draw_losses, format_tokens
from studyapp.domain.training import Work, describe_seconds, estimate_seconds
from studyapp.domain.tuning_costs import TuningCosts, read_costs
from studyapp.model_files.checkpoints import read_tuning
from studyapp.models import TrainingJob, TrainingLadder
from studyapp.staff_site.pages import needs, show, staff_page
from studyapp.tasks.sending import QueueUnreachableError
from studyapp.tasks.training import send_training

State = TrainingJob.State
OPEN = (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class ModelRow:
    """A job as the page shows it."""

    job: TrainingJob
    params: str
    budget: str
    percent: int
    left: str
    is_estimate: bool
    costs: TuningCosts | None


@staff_page
def show_ladders(request: HttpRequest) -> HttpResponse:
    ladders = TrainingLadder.objects.prefetch_related("jobs")
    rows = [_sum_up(ladder) for ladder in ladders]
    return show(request, "training_list.html", title="Training", rows=rows)


@staff_page
def show_ladder(request: HttpRequest, slug: str) -> HttpResponse:
    ladder = get_object_or_404(TrainingLadder, slug=slug)
    if request.method == "POST":
        return _change_ladder(request, ladder)
    jobs = list(ladder.jobs.order_by("position"))
    works = [_describe_work(job) for job in jobs]
    seconds = estimate_seconds(works)
    return show(
        request,
        "training_ladder.html",
        title=f"{'Fine-tuning' if ladder.is_tuning else 'Training'}: {ladder.slug}",
        ladder=ladder,
        rows=[_describe_job(job, left) for job, left in zip(jobs, seconds, strict=True)],
        picture=draw_losses([Curve(job.name, **job.losses) for job in jobs]),
        share=_find_share(jobs),
        is_measured=any(job.is_measured for job in jobs),
        tuning=FineTuning.from_row(ladder.tuning) if ladder.is_tuning else None,
        n_done=sum(job.state == State.DONE for job in jobs),
        left=None if None in seconds else describe_seconds(sum(part or 0 for part in seconds)),
        is_busy=any(job.state in OPEN for job in jobs),
        waits=not any(job.state == State.RUNNING for job in jobs),
        can_go_on=any(job.state in (State.STOPPED, State.FAILED) for job in jobs),
        failed=[job for job in jobs if job.error],
    )


@needs("studyapp.add_trainingladder")
def _change_ladder(request: HttpRequest, ladder: TrainingLadder) -> HttpResponse:
    try:
        _carry_out(request, ladder)
    except LadderRefusedError as error:
        messages.error(request, str(error))
    except QueueUnreachableError as error:
        messages.warning(request, str(error))
    return redirect(ladder) if ladder.pk else redirect("staff:training_list")


def _carry_out(request: HttpRequest, ladder: TrainingLadder) -> None:
    if request.POST.get("do") == "stop":
        stop_ladder(ladder)
        kept = (
            "It can begin again." if ladder.is_tuning else "What the run saved last is kept; it can go on from there."
        )
        messages.success(request, f"Stopped. {kept}")
    elif request.POST.get("do") == "resume":
        messages.success(request, f"{resume_ladder(ladder)} models are queued again.")
        send_training(list_next_jobs([ladder.pk]))
    elif request.POST.get("do") == "remove" and request.POST.get("sure") == "yes":
        remove_ladder(ladder)
        messages.success(request, f"{ladder.slug} is removed. Models that were done stay on the shelf.")
    elif request.POST.get("do") == "remove":
        messages.error(request, "Nothing was removed: tick the box beside the button first.")
    else:
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")


def _sum_up(ladder: TrainingLadder) -> dict[str, Any]:
    jobs = list(ladder.jobs.all())
    states = {job.state for job in jobs}
    order = (State.RUNNING, State.QUEUED, State.FAILED, State.STOPPED, State.DONE)
    return {
        "ladder": ladder,
        "n_models": len(jobs),
        "n_done": sum(job.state == State.DONE for job in jobs),
        "percent": round(100 * _find_share(jobs)),
        "state": next(state for state in order if state in states).value,
    }


def _find_share(jobs: list[TrainingJob]) -> float:
    """Of the ladder's work, how much is done; work goes as parameters times tokens."""
    work = [max(1, job.n_params) * max(1, job.budget) for job in jobs]
    return sum(part * job.share for part, job in zip(work, jobs, strict=True)) / sum(work)


def _describe_work(job: TrainingJob) -> Work:
    is_known = job.tokens_per_second and job.state in (State.RUNNING, State.DONE)
    return Work(
        state=job.state,
        n_params=job.n_params,
        tokens_left=max(0, job.budget - job.tokens) if job.budget else None,
        speed=job.tokens_per_second if is_known else None,
    )


def _describe_job(job: TrainingJob, seconds: float | None) -> ModelRow:
    is_measured = job.state == State.RUNNING and job.seconds_left is not None
    return ModelRow(
        job=job,
        params=format_tokens(job.n_params) if job.n_params else "–",
        budget=format_tokens(job.budget) if job.budget else "",
        percent=int(100 * job.share),
        left=describe_seconds(job.seconds_left if is_measured else seconds),
        is_estimate=not is_measured and seconds is not None,
        costs=read_costs(read_tuning(job.generator)) if job.base and job.state == State.DONE else None,
    )
