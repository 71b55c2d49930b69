"""An article and its question."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from studyapp.actions.responses import Answer, answer_trial, show_trial
from studyapp.domain.article_text import split_paragraphs
from studyapp.domain.judgment import LABELS, MAX_COMMENT, Judgment
from studyapp.domain.progress import Step
from studyapp.models import Participant, Trial
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


def _find_open_trial(participant: Participant) -> Trial:
    return participant.trials.still_open().select_related("stimulus__item__article")[0]  # the step says there is one


def _show(request: HttpRequest, participant: Participant, trial: Trial, form: JudgmentForm) -> HttpResponse:
    article = trial.stimulus.item.article
    context = {
        "study": participant.study,
        "form": form,
        "position": trial.position,
        "total": participant.trials.count(),
        "title": article.title,
        "subtitle": article.subtitle,
        "paragraphs": split_paragraphs(trial.stimulus.text),
    }
    return render(request, "participant_site/item.html", context)
