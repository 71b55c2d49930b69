"""The page of a trial: an article, whole or in stages, or a pair of texts, and its question."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from studyapp.actions.responses import (
    Answer,
    AnswerOutcome,
    answer_trial,
    measure_pace,
    measure_reveal,
    reveal_stage,
    show_trial,
)
from studyapp.actions.watching import report_problem
from studyapp.domain.article_text import split_paragraphs
from studyapp.domain.judgment import LABELS, MAX_COMMENT, PAIR_LABELS, Judgment, PairChoice, judge_model_text
from studyapp.domain.progress import Step
from studyapp.domain.reveal import Reveal, cut_stages
from studyapp.domain.study_design import MOST_STAGES
from studyapp.domain.time_left import estimate_minutes_left
from studyapp.models import Participant, Study, Trial
from studyapp.models.watching import find_text_of_page
from studyapp.participant_site.clock import read_clock
from studyapp.participant_site.visitor import locate, on_step, redirect_to

WHOLE = Reveal(n_stages=1, n_shown=1, seconds_left=0.0)
NO_CHOICE = _("Please choose one of the five answers.")


class Heading(Protocol):
    """What stands above a text, and the language of both."""

    title: str
    subtitle: str
    language: str


class AnswerForm(forms.Form):
    """What is asked beside the five answers. behaviour.js fills the last field; nothing in it is wrong."""

    scale_name = ""  # the field of the five answers
    seen_before = forms.TypedChoiceField(
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(required=False, max_length=MAX_COMMENT, widget=forms.Textarea(attrs={"rows": 3}))
    behaviour = forms.Field(required=False, widget=forms.HiddenInput)

    def __init__(self, study: Study, posted: Any = None) -> None:
        super().__init__(posted)
        if not study.measures_behaviour:
            del self.fields["behaviour"]

    @property
    def scale(self) -> forms.BoundField:
        return self[self.scale_name]

    def judge(self, trial: Trial) -> Judgment:
        raise NotImplementedError("a form says what its five answers mean")

    def read_answer(self, trial: Trial) -> Answer:
        beside = {name: value for name, value in self.cleaned_data.items() if name != self.scale_name}
        beside["behaviour"] = beside.get("behaviour") or ""
        return Answer(judgment=self.judge(trial), **beside)


class JudgmentForm(AnswerForm):
    """What a participant says of one article."""

    scale_name = "judgment"
    judgment = forms.TypedChoiceField(
        label="",  # the study's question
        choices=[(int(judgment), _(label)) for judgment, label in LABELS.items()],
        coerce=lambda value: Judgment(int(value)),
        widget=forms.RadioSelect,
        error_messages={"required": NO_CHOICE},
    )

    def judge(self, trial: Trial) -> Judgment:
        return self.cleaned_data["judgment"]


class PairForm(AnswerForm):
    """What a participant says of two texts side by side."""

    scale_name = "choice"
    choice = forms.TypedChoiceField(
        label="",  # the study's question
        choices=[(int(choice), _(label)) for choice, label in PAIR_LABELS.items()],
        coerce=lambda value: PairChoice(int(value)),
        widget=forms.RadioSelect,
        error_messages={"required": NO_CHOICE},
    )

    def judge(self, trial: Trial) -> Judgment:
        return judge_model_text(self.cleaned_data["choice"], first="model" if trial.first == "model" else "human")


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(Step.ITEM)
def item(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Show the next open trial, its next stage, or take its answer. Any other trial leads to the one that is open."""
    study = participant.study
    trial = participant.next_trial
    if trial is None or trial.code != code:
        return redirect_to(study, participant, locate(participant))
    if request.method == "POST" and "reveal" in request.POST:
        return _reveal(request, participant, trial)
    form = make_form(study, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        outcome = answer_trial(trial, form.read_answer(trial), now=read_clock(participant))
        if outcome not in (AnswerOutcome.TOO_EARLY, AnswerOutcome.TOO_SOON):
            return redirect_to(study, participant, locate(participant))
    notice = gettext("The article is not all here yet, so no answer was stored. The question comes with its last part.")
    return _show(request, participant, trial, form=form, notice=notice)


def make_form(study: Study, posted: Any = None) -> AnswerForm:
    return (PairForm if study.is_paired else JudgmentForm)(study, posted)


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(Step.ITEM)
def problem(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Store that something is wrong with the article, and show it again with what was answered so far."""
    trial = participant.next_trial
    if trial is None or trial.code != code or request.method != "POST":
        return redirect_to(participant.study, participant, locate(participant))
    report_problem(trial, message=request.POST.get("problem", ""), now=read_clock(participant))
    form = make_form(participant.study)
    form.initial = {name: request.POST.get(name, "") for name in form.fields}
    return _show(request, participant, trial, form=form, notice="")


def _reveal(request: HttpRequest, participant: Participant, trial: Trial) -> HttpResponse:
    """The next part of the text, when its time has come; before that the page says how long it is still."""
    number = request.POST["reveal"]
    wanted = int(number) if number.isdecimal() and len(number) < 4 else MOST_STAGES
    reveal = reveal_stage(trial, wanted=wanted, now=read_clock(participant))
    if reveal.n_shown >= min(wanted, reveal.n_stages):
        return redirect("rater:item", participant.study.slug, trial.code)
    seconds = math.ceil(reveal.seconds_left)
    notice = ngettext(
        "It is too early for the next part: %(seconds)d second is left. Please read what is here.",
        "It is too early for the next part: %(seconds)d seconds are left. Please read what is here.",
        seconds,
    ) % {"seconds": seconds}
    return _show(request, participant, trial, form=make_form(participant.study), notice=notice)


def _show(
    request: HttpRequest, participant: Participant, trial: Trial, *, form: AnswerForm, notice: str
) -> HttpResponse:
    """The page as it may be sent now; `notice` is what a post before the last stage is told."""
    study, now = participant.study, read_clock(participant)
    trial.stimulus = text = find_text_of_page.first(trial=trial.pk)
    if request.method != "HEAD":
        show_trial(trial, now=now)
    reveal = measure_reveal(trial, study, now=now)
    context = describe_item(study, trial, text, form=form, seconds=participant.list_seconds(), reveal=reveal)
    context["notice"] = notice if request.method == "POST" and not reveal.is_whole else ""
    if wait := measure_pace(trial, study, now=now):
        context |= {"pace_wait": f"{wait:.3f}", "pace_seconds": math.ceil(wait)}
        context["is_kept"] = request.method == "POST" and form.is_bound and form.is_valid()
    context["is_reported"] = text.is_reported
    return render(request, "participant_site/item.html", context)


def describe_item(
    study: Study,
    trial: Trial,
    heading: Heading,
    *,
    form: AnswerForm,
    seconds: Sequence[float | None],
    reveal: Reveal = WHOLE,
) -> dict[str, object]:
    """What the page of a trial shows; the preview shows the same.

    `seconds`: how long each of the participant's trials took, None for those that are open.
    """
    return {
        "study": study,
        "form": form,
        "code": trial.code,
        "position": trial.position,
        "total": len(seconds),
        "minutes_left": estimate_minutes_left(seconds, promised=study.estimated_minutes),
        "title": heading.title,
        "subtitle": heading.subtitle,
        "article_language": heading.language or study.language,
        "texts": [split_paragraphs(_cut(text.text, reveal)) for text in trial.texts],
        "reveal": reveal,
        "next_stage": reveal.n_shown + 1,
        "seconds": math.ceil(reveal.seconds_left),
        "wait": f"{reveal.seconds_left:.3f}",
    }


def _cut(text: str, reveal: Reveal) -> str:
    """As much of a text as has been revealed."""
    if reveal.is_whole:
        return text
    return text[: cut_stages(text, n_stages=reveal.n_stages)[reveal.n_shown - 1]]
