"""The questions about the instructions, before the first article."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from studyapp.actions import participation
from studyapp.domain.comprehension import ComprehensionQuestion
from studyapp.domain.progress import Step
from studyapp.models import Participant, Study
from studyapp.participant_site.clock import read_clock
from studyapp.participant_site.visitor import on_step


class ComprehensionForm(forms.Form):
    """A study's questions. `attempt` is the number of tries before, so that a double click is one try."""

    attempt = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=1000)

    def __init__(self, questions: Sequence[ComprehensionQuestion], posted: Any, *, tries_before: int) -> None:
        super().__init__(posted, initial={"attempt": tries_before})
        self._names = [f"question_{number}" for number in range(len(questions))]
        for name, asked in zip(self._names, questions, strict=True):
            self.fields[name] = forms.TypedChoiceField(
                label=asked.question,
                choices=list(enumerate(asked.choices)),
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": _("Please choose an answer.")},
            )

    @property
    def questions(self) -> list[forms.BoundField]:
        return [self[name] for name in self._names]

    @property
    def chosen(self) -> list[int]:
        return [self.cleaned_data[name] for name in self._names]

    def mark_wrong(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.add_error(self._names[number], _("This is not right yet. Please look into the instructions again."))


def describe_comprehension(study: Study) -> dict[str, object]:
    """What the page shows before the first try; the preview shows the same."""
    form = ComprehensionForm(study.texts.comprehension, None, tries_before=0)
    return {"form": form, "tries_left": study.comprehension_tries, "has_tried": False}


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(Step.COMPREHENSION)
def comprehension(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Ask; after a try that was not right and not the last, say which answers to look at again."""
    study = participant.study
    tries_before = participant.comprehension_tries
    questions = study.texts.comprehension
    posted = request.POST if request.method == "POST" else None
    form = ComprehensionForm(questions, posted, tries_before=tries_before)
    tries_left = study.comprehension_tries - tries_before
    if posted is not None and form.is_valid():
        number = form.cleaned_data["attempt"]
        attempt = participation.answer_comprehension(
            participant, form.chosen, number=tries_before if number is None else number, now=read_clock(participant)
        )
        if attempt.is_last:
            return redirect("rater:continue", study.slug)
        tries_left = attempt.tries_left
        tries = study.comprehension_tries - tries_left
        form = ComprehensionForm(questions, {**request.POST.dict(), "attempt": tries}, tries_before=tries)
        form.is_valid()
        form.mark_wrong(attempt.wrong)
    context = {
        "study": study,
        "form": form,
        "tries_left": tries_left,
        "has_tried": tries_left < study.comprehension_tries,
    }
    return render(request, "participant_site/comprehension.html", context)
