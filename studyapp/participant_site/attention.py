"""The page of an attention check: what to choose stands in the question itself, above the answers."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from studyapp.actions.attention import answer_check, find_due_check, show_check
from studyapp.domain.attention import AttentionQuestion
from studyapp.domain.judgment import LABELS, PAIR_LABELS
from studyapp.domain.progress import Step
from studyapp.models import Participant, Study
from studyapp.participant_site.clock import read_clock
from studyapp.participant_site.visitor import locate, on_step, redirect_to


class AttentionForm(forms.Form):
    """The five answers that articles are judged on, or the check's own."""

    answer = forms.TypedChoiceField(
        label="",  # the check itself
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose an answer.")},
    )

    def __init__(self, posted: Any, *, answers: Sequence[str]) -> None:
        super().__init__(posted)
        self.fields["answer"].choices = list(enumerate(answers, start=1))


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(Step.ATTENTION)
def attention(request: HttpRequest, participant: Participant, number: int) -> HttpResponse:
    """Show the check that is due, or take its answer. Any other check leads to where the participant belongs."""
    study = participant.study
    due = find_due_check(participant)
    if due is None or due != number:
        return redirect_to(study, participant, locate(participant))
    asked = study.texts.attention[number - 1]
    form = AttentionForm(request.POST if request.method == "POST" else None, answers=list_answers(study, asked))
    if request.method == "POST" and form.is_valid():
        answer_check(participant, number=number, answer=form.cleaned_data["answer"], now=read_clock(participant))
        participant.refresh_from_db(fields=["attention_answers"])
        return redirect_to(study, participant, locate(participant))
    if request.method != "HEAD":
        show_check(participant, number=number, now=read_clock(participant))
    total = participant.trials.count()
    answered = total - participant.trials.still_open().count()
    return render(
        request,
        "participant_site/attention.html",
        describe_check(study, number, form=form, answered=answered, total=total),
    )


def list_answers(study: Study, asked: AttentionQuestion) -> list[str]:
    """The answers as the page words them."""
    scale = PAIR_LABELS if study.is_paired else LABELS
    return list(asked.choices) or [gettext(label) for label in scale.values()]


def describe_check(study: Study, number: int, *, form: AttentionForm, answered: int, total: int) -> dict[str, object]:
    """What the page of a check shows; the preview shows the same."""
    asked = study.texts.attention[number - 1]
    question = asked.word(list_answers(study, asked))
    language = study.texts.find_language(f"attention.{number - 1}")
    progress = {"number": number, "position": answered, "total": total}
    return {"study": study, "form": form, "question": question, "asked_in": language, **progress}
