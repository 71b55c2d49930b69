"""An article and its question."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from studyapp.actions.responses import Answer, answer_trial, show_trial
from studyapp.actions.watching import report_problem
from studyapp.domain.article_text import split_paragraphs
from studyapp.domain.judgment import LABELS, MAX_COMMENT, Judgment
from studyapp.domain.progress import Step
from studyapp.models import Participant, ProblemReport, Study, Trial
from studyapp.participant_site.visitor import locate, on_step, redirect_to


class JudgmentForm(forms.Form):
    """What a participant says of one article. The last two fields are filled by item.js, if at all."""

    judgment = forms.TypedChoiceField(
        choices=[(int(judgment), _(label)) for judgment, label in LABELS.items()],
        coerce=lambda value: Judgment(int(value)),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose one of the five answers.")},
    )
    seen_before = forms.TypedChoiceField(
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(required=False, max_length=MAX_COMMENT, widget=forms.Textarea(attrs={"rows": 3}))
    active_seconds = forms.CharField(required=False, max_length=30, widget=forms.HiddenInput)
    focus_losses = forms.CharField(required=False, max_length=30, widget=forms.HiddenInput)

    def read_answer(self) -> Answer:
        return Answer(**self.cleaned_data)


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(Step.ITEM)
def item(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Show the next open trial, or take its answer. Any other trial leads to the one that is open."""
    study = participant.study
    trial = _find_open_trial(participant)
    if trial.code != code:
        return redirect("rater:item", study.slug, trial.code)
    if request.method != "POST":
        if request.method == "GET":
            show_trial(trial, now=timezone.now())
        return _show(request, participant, trial, JudgmentForm())
    form = JudgmentForm(request.POST)
    if not form.is_valid():
        return _show(request, participant, trial, form)
    answer_trial(trial, form.read_answer(), now=timezone.now())
    return redirect_to(study, participant, locate(participant))


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(Step.ITEM)
def problem(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Store that something is wrong with the article, and show it again with what was answered so far."""
    trial = _find_open_trial(participant)
    if trial.code != code or request.method != "POST":
        return redirect("rater:item", participant.study.slug, trial.code)
    report_problem(trial, message=request.POST.get("problem", ""), now=timezone.now())
    answered = {name: request.POST.get(name, "") for name in JudgmentForm.base_fields}
    return _show(request, participant, trial, JudgmentForm(initial=answered))


def _find_open_trial(participant: Participant) -> Trial:
    return participant.trials.still_open().select_related("stimulus__item__article")[0]  # the step says there is one


def _show(request: HttpRequest, participant: Participant, trial: Trial, form: JudgmentForm) -> HttpResponse:
    context = describe_item(participant.study, trial, form=form, total=participant.trials.count())
    context["is_reported"] = ProblemReport.objects.filter(trial=trial).exists()
    return render(request, "participant_site/item.html", context)


def describe_item(study: Study, trial: Trial, *, form: JudgmentForm, total: int) -> dict[str, object]:
    """What the page of an article shows; the preview shows the same."""
    article = trial.stimulus.item.article
    return {
        "study": study,
        "form": form,
        "code": trial.code,
        "position": trial.position,
        "total": total,
        "title": article.title,
        "subtitle": article.subtitle,
        "paragraphs": split_paragraphs(trial.stimulus.text),
    }
