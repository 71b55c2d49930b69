"""Station 4 and 5 for staff: read what will be shown, reject with a reason, make the forms."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from studyapp.actions.generation import queue_more_candidates
from studyapp.actions.quiz_forms import FormsRefusedError, make_quiz_forms
from studyapp.actions.review import (
    ItemReview,
    ReviewRefusedError,
    flag_item,
    record_look,
    review_items,
    take_item_out,
    unflag_item,
)
from studyapp.actions.selection import SelectionRefusedError, reject_candidate, restore_candidate, select_stimuli
from studyapp.domain.article_text import split_paragraphs
from studyapp.domain.normalisation import normalise
from studyapp.domain.rejection import REASONS, ReasonMissingError, compose_reason
from studyapp.domain.shared_runs import mark_shared_runs
from studyapp.models import Candidate, GenerationJob, Item, QuizFormItem, Stimulus, Study
from studyapp.staff_site.generation import count_texts
from studyapp.staff_site.pages import find_row, show, study_page
from studyapp.tasks.generation import send_jobs
from studyapp.tasks.sending import QueueUnreachableError

FILTERS = {
    "all": "all items",
    "flags": "only items with flags",
    "without": "only items without a text",
    "unseen": "only items not looked at",
}
_REFUSALS = (SelectionRefusedError, FormsRefusedError, ReviewRefusedError, ReasonMissingError)


@dataclass(frozen=True)
class Place:
    """Which item is on the page, by its number from 1, and its neighbours among those that the filter lets through."""

    chosen: str
    review: ItemReview | None
    previous: int | None
    following: int | None
    matching: int


@study_page
def show_review(request: HttpRequest, study: Study) -> HttpResponse:
    """One item at a time, human and model versions side by side."""
    reviews = review_items(study)
    place = _find_place(request, reviews)
    if request.method == "POST":
        goes_on = _try(request, study, place)
        number = place.following if goes_on and place.following else place.review.number if place.review else 1
        address = reverse("staff:study_review", args=[study.slug])
        return redirect(f"{address}?{urlencode({'item': number, 'show': place.chosen})}")
    item = place.review.item if place.review else None
    human = Stimulus.objects.filter(item=item, arm=None).select_related("item__article").first() if item else None
    return show(
        request,
        "study_review.html",
        title=study.title,
        study=study,
        place=place,
        total=len(reviews),
        seen=sum(review.is_seen for review in reviews),
        filters=_count_filters(reviews),
        reasons=REASONS,
        versions=_list_versions(study, item, human) if item else [],
        human=human,
        human_paragraphs=split_paragraphs(human.text) if human else [],
        human_removed=_list_removed(human, study) if human else (),
        form_rows=_list_forms(study, reviews),
    )


def _is_let_through(review: ItemReview, chosen: str) -> bool:
    match chosen:
        case "flags":
            return review.has_flags
        case "without":
            return review.lacks_text
        case "unseen":
            return not review.is_seen
    return True


def _count_filters(reviews: list[ItemReview]) -> list[tuple[str, str, int]]:
    return [(name, label, sum(_is_let_through(review, name) for review in reviews)) for name, label in FILTERS.items()]


def _find_place(request: HttpRequest, reviews: list[ItemReview]) -> Place:
    """The item that was asked for; without a number, the first that the filter lets through."""
    chosen = request.GET.get("show", "all")
    text = request.GET.get("item", "")
    if chosen not in FILTERS or (text and not text.isdecimal()):
        raise Http404("no such item or filter")
    matching = [review.number for review in reviews if _is_let_through(review, chosen)]
    number = min(max(1, int(text)), max(1, len(reviews))) if text else (matching or [1])[0]
    before = [other for other in matching if other < number]
    after = [other for other in matching if other > number]
    return Place(
        chosen=chosen,
        review=reviews[number - 1] if reviews and (text or matching) else None,
        previous=before[-1] if before else None,
        following=after[0] if after else None,
        matching=len(matching),
    )


def _try(request: HttpRequest, study: Study, place: Place) -> bool:
    """Do what was asked for, or say why not; True when the page goes on to the next item."""
    try:
        if place.review is not None and request.POST.get("do") in ("looked", "flag", "unflag", "out"):
            return _carry_out_on_item(request, place.review.item)
        _carry_out(request, study)
    except _REFUSALS as error:
        messages.error(request, str(error))
    except QueueUnreachableError as error:
        messages.warning(request, str(error))
    return False


def _carry_out_on_item(request: HttpRequest, item: Item) -> bool:
    """What is asked for of the item that was on the page; the item's own number is checked against it."""
    if request.POST.get("id") != str(item.pk):
        raise ReviewRefusedError("The items have changed since the page was loaded; nothing was done.")
    match request.POST["do"]:
        case "looked":
            texts = request.POST.get("texts", "")
            record_look(item, texts_sha256=texts, by=request.user, now=timezone.now())
            return True
        case "flag":
            flag_item(item, reason=_read_reason(request), by=request.user, now=timezone.now())
            messages.success(request, "Flagged.")
        case "unflag":
            unflag_item(item)
            messages.success(request, "The flag is taken back.")
        case _:
            texts = take_item_out(item, reason=_read_reason(request))
            messages.success(
                request, f"“{item}” is taken out, with {count_texts(texts)} written for it. Make the forms anew."
            )
    return False


def _read_reason(request: HttpRequest) -> str:
    return compose_reason(request.POST.get("because", ""), request.POST.get("reason", ""))


def _carry_out(request: HttpRequest, study: Study) -> None:
    match request.POST.get("do"):
        case "select":
            outcome = select_stimuli(study)
            messages.success(request, f"{count_texts(outcome.chosen, which='model ')} chosen.")
            if outcome.unserved:
                missing = count_texts(len(outcome.unserved))
                messages.warning(request, f"Missing: {missing}, with no candidate that is fit to show; ask for more.")
        case "forms":
            make_quiz_forms(study)
            messages.success(request, "Forms A and B made.")
        case "reject":
            candidate = find_row(Candidate, request.POST.get("candidate"), job__arm__study=study)
            if reject_candidate(candidate, reason=_read_reason(request), by=request.user, now=timezone.now()):
                messages.success(request, "Rejected; the rule chose the next.")
            else:
                messages.warning(request, "Rejected; no candidate is left. Ask for more.")
        case "restore":
            restore_candidate(find_row(Candidate, request.POST.get("candidate"), job__arm__study=study))
            messages.success(request, "The rejection is taken back; the rule chose again.")
        case "more":
            job = find_row(GenerationJob, request.POST.get("job"), arm__study=study)
            job_id = queue_more_candidates(job, n_more=study.candidates_per_article)
            messages.success(request, f"{study.candidates_per_article} more candidates queued; select again then.")
            send_jobs([job_id])
        case _:
            messages.error(request, "Nothing was done: the page asked for something that does not exist.")


def _list_versions(study: Study, item: Item, human: Stimulus | None) -> list[dict[str, object]]:
    """An item's version in every arm: the text that was chosen, and the candidates that the rule chose from."""
    candidates = Prefetch("candidates", Candidate.objects.select_related("rejected_by"))
    jobs = item.jobs.select_related("arm").prefetch_related(candidates).order_by("arm__position")
    chosen = {stimulus.arm_id: stimulus for stimulus in item.stimuli.exclude(arm=None).select_related("candidate")}
    return [
        {"job": job, "arm": job.arm, **_describe_version(chosen.get(job.arm_id), human=human, item=item, study=study)}
        for job in jobs
    ]


def _describe_version(
    stimulus: Stimulus | None, *, human: Stimulus | None, item: Item, study: Study
) -> dict[str, object]:
    if stimulus is None:
        return {"stimulus": None}
    difference = stimulus.words - human.words if human else None
    return {
        "stimulus": stimulus,
        "removed": _list_removed(stimulus, study),
        "marked": mark_shared_runs(stimulus.text, human.text if human else item.article.body),
        "difference": difference,
        "difference_share": 100 * difference / human.words if human and human.words else None,
    }


def _list_removed(stimulus: Stimulus, study: Study) -> tuple[str, ...]:
    """What the rules cut from the original: datelines, bylines, sign-offs."""
    return normalise(stimulus.original, rules=study.normalisation).removed


def _list_forms(study: Study, reviews: list[ItemReview]) -> list[tuple[Item, str | None, str | None]]:
    entries = QuizFormItem.objects.filter(form__study=study).values_list("item_id", "form__name", "source")
    sources = {(item_id, form): source for item_id, form, source in entries}
    if not sources:
        return []
    return [(r.item, sources.get((r.item.pk, "A")), sources.get((r.item.pk, "B"))) for r in reviews]
