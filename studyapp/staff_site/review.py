"""Station 4 and 5 for staff: read what will be shown, reject with a reason, make the forms."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from studyapp import tasks
from studyapp.actions.generation import queue_more_candidates
from studyapp.actions.quiz_forms import FormsRefusedError, make_quiz_forms
from studyapp.actions.selection import SelectionRefusedError, reject_candidate, restore_candidate, select_stimuli
from studyapp.domain.article_text import split_paragraphs
from studyapp.models import Candidate, GenerationJob, Item, QuizFormItem, Stimulus, Study
from studyapp.staff_site.pages import show, study_page


@study_page
def show_review(request: HttpRequest, study: Study) -> HttpResponse:
    """One item at a time, human and model versions side by side."""
    items = list(study.items.select_related("article"))
    number = _read_number(request, len(items))
    if request.method == "POST":
        try:
            _carry_out(request, study)
        except (SelectionRefusedError, FormsRefusedError) as error:
            messages.error(request, str(error))
        except tasks.QueueUnreachableError as error:
            messages.warning(request, str(error))
        return redirect(f"{reverse('staff:study_review', args=[study.slug])}?item={number}")
    item = items[number - 1] if items else None
    forms = QuizFormItem.objects.filter(form__study=study).select_related("form")
    sources = {(entry.item_id, entry.form.name): entry.source for entry in forms}
    return show(
        request,
        "study_review.html",
        title=study.title,
        study=study,
        item=item,
        number=number,
        total=len(items),
        versions=_list_versions(item) if item else [],
        human=_split(Stimulus.objects.filter(item=item, arm=None).first()) if item else None,
        form_rows=[(entry, sources.get((entry.pk, "A")), sources.get((entry.pk, "B"))) for entry in items]
        if sources
        else [],
    )


def _read_number(request: HttpRequest, total: int) -> int:
    """Which item is looked at, from 1."""
    text = request.GET.get("item", "1")
    if not text.isdecimal():
        raise Http404("no such item")
    return min(max(1, int(text)), max(1, total))


def _carry_out(request: HttpRequest, study: Study) -> None:
    match request.POST.get("do"):
        case "select":
            outcome = select_stimuli(study)
            messages.success(request, f"{outcome.chosen} model texts chosen.")
            if outcome.unserved:
                messages.warning(request, f"{len(outcome.unserved)} articles have no text fit to show; ask for more.")
        case "forms":
            make_quiz_forms(study)
            messages.success(request, "Forms A and B made.")
        case "reject":
            candidate = get_object_or_404(Candidate, pk=request.POST.get("candidate"), job__arm__study=study)
            reason = request.POST.get("reason", "")
            if reject_candidate(candidate, reason=reason, by=request.user, now=timezone.now()):
                messages.success(request, "Rejected; the rule chose the next.")
            else:
                messages.warning(request, "Rejected; no candidate is left. Ask for more.")
        case "restore":
            restore_candidate(get_object_or_404(Candidate, pk=request.POST.get("candidate"), job__arm__study=study))
            messages.success(request, "The rejection is taken back; the rule chose again.")
        case "more":
            job = get_object_or_404(GenerationJob, pk=request.POST.get("job"), arm__study=study)
            job_id = queue_more_candidates(job, n_more=study.candidates_per_article)
            messages.success(request, f"{study.candidates_per_article} more candidates queued; select again then.")
            tasks.send_jobs([job_id])
        case _:
            messages.error(request, "Nothing was done: the page asked for something that does not exist.")


def _list_versions(item: Item) -> list[dict[str, object]]:
    """An item's version in every arm: the text that was chosen, and the candidates that the rule chose from."""
    candidates = Prefetch("candidates", Candidate.objects.select_related("rejected_by"))
    jobs = item.jobs.select_related("arm").prefetch_related(candidates).order_by("arm__position")
    chosen = {stimulus.arm_id: stimulus for stimulus in item.stimuli.exclude(arm=None).select_related("candidate")}
    return [{"job": job, "arm": job.arm, "stimulus": _split(chosen.get(job.arm_id))} for job in jobs]


def _split(stimulus: Stimulus | None) -> dict[str, object] | None:
    if stimulus is None:
        return None
    return {"row": stimulus, "paragraphs": split_paragraphs(stimulus.text)}
