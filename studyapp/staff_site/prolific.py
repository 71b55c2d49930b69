"""A study's counterpart on Prolific: linked or drafted, its submissions beside our participants, pay and bonuses."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from studyapp.actions.prolific import AlreadyLinkedError
from studyapp.actions.prolific_bonuses import BonusRefusedError
from studyapp.domain.prolific_records import STUDY_TRANSITIONS
from studyapp.models import ProlificStudy, Study, WebhookEvent
from studyapp.prolific.desk import has_token
from studyapp.prolific.overview import KINDS, ReviewedRow, count_kinds, find_unmatched, measure_pay, review_link
from studyapp.prolific.studies import NotNowError, find_entry_url
from studyapp.prolific.transport import ProlificError
from studyapp.staff_site.pages import owner_page, show
from studyapp.staff_site.prolific_acts import ACTS, BEFORE_LINK, Act
from studyapp.staff_site.prolific_forms import RETURN_REASONS, DraftForm, LinkForm, suggest_draft
from studyapp.tasks.sending import QueueUnreachableError

ROWS_A_PAGE = 100
EXPECTED = (AlreadyLinkedError, BonusRefusedError, NotNowError, ProlificError, QueueUnreachableError)


@owner_page
def show_prolific(request: HttpRequest, study: Study) -> HttpResponse:
    """The page of a study whose participants come from Prolific; no other has one."""
    if study.platform != "prolific":
        raise Http404("participants of this study do not come from Prolific")
    link = ProlificStudy.objects.select_related("study").filter(study=study).first()
    if link is None:
        return _show_unlinked(request, study)
    if request.method == "POST":
        _carry_out(request, link)
        return redirect(request.get_full_path())
    if not link.remote_id:
        return _show(request, study, link=link)
    return _show_linked(request, link)


def _show_unlinked(request: HttpRequest, study: Study) -> HttpResponse:
    """Forms to link or draft; what was typed stays where it is refused."""
    do = request.POST.get("do") if request.method == "POST" else None
    draft = DraftForm(request.POST if do == "draft" else None, initial=suggest_draft(study))
    linking = LinkForm(request.POST if do == "link" else None)
    form: forms.Form = draft if do == "draft" else linking
    if do in BEFORE_LINK and form.is_valid():
        try:
            messages.success(request, BEFORE_LINK[do](study, form))
            return redirect("staff:study_prolific", study.slug)
        except EXPECTED as error:
            form.add_error(None, str(error))
    return _show(request, study, link=None, draft=draft, linking=linking)


def _carry_out(request: HttpRequest, link: ProlificStudy) -> None:
    act = ACTS.get("look-again" if "look_again" in request.POST else request.POST.get("do", ""))
    if act is None:
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
    elif act.needs_sure and request.POST.get("sure") != "yes":
        messages.error(request, "Nothing was done: tick the box beside the button first.")
    else:
        _try(request, act, link)


def _try(request: HttpRequest, act: Act, link: ProlificStudy) -> None:
    try:
        outcome = act.carry_out(link, request.POST, timezone.now())
    except EXPECTED as error:
        messages.error(request, str(error))
        return
    if outcome.done:
        messages.success(request, outcome.done)
    for problem in outcome.problems:
        messages.error(request, problem)


def _show_linked(request: HttpRequest, link: ProlificStudy) -> HttpResponse:
    rows = review_link(link, now=timezone.now())
    counts = count_kinds(rows)
    chosen = request.GET.get("show", "")
    kind = chosen if chosen in (*KINDS, "all") else ("needs a hand" if counts["needs a hand"] else "all")
    sought = request.GET.get("q", "").strip()
    listed = [row for row in rows if _fits(row, kind=kind, sought=sought)]
    return _show(
        request,
        link.study,
        link=link,
        page=Paginator(listed, ROWS_A_PAGE).get_page(request.GET.get("page")),
        counts=counts,
        n_all=len(rows),
        kind=kind,
        sought=sought,
        unmatched=find_unmatched(link),
        pay=measure_pay(link),
        agreeing=counts["agrees"],
        batches=link.bonus_batches.all(),
        transitions=[action for action, statuses in STUDY_TRANSITIONS.items() if link.status in statuses],
        reasons=RETURN_REASONS,
        last_event=WebhookEvent.objects.first(),
        waiting_events=WebhookEvent.objects.filter(handled_at=None).count(),
    )


def _fits(row: ReviewedRow, *, kind: str, sought: str) -> bool:
    if sought:
        participant = row.submission.participant
        return sought in (row.submission.submission_id, participant.code if participant else "")
    return kind in ("all", row.verdict.kind)


def _show(request: HttpRequest, study: Study, **context: object) -> HttpResponse:
    return show(
        request,
        "study_prolific.html",
        title=study.title,
        study=study,
        has_token=has_token(),
        entry_url=find_entry_url(study),
        **context,
    )
