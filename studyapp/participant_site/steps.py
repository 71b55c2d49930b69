"""The pages around the articles: instructions, the last questions, and the ends that have no page of their own."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from studyapp.actions import participation
from studyapp.actions.participation import EndAnswers
from studyapp.domain.progress import ENDS_WITHOUT_PAGE, Step
from studyapp.models import Participant, Study
from studyapp.participant_site.clock import read_clock
from studyapp.participant_site.endings import find_ending
from studyapp.participant_site.visitor import find_participant, find_study, locate, on_step, redirect_to


class EndForm(forms.Form):
    """The questions after the last article, those of them that the study asks."""

    looked_up = forms.TypedChoiceField(
        label=_("Did you look anything up while you were reading?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Please answer yes or no; either is fine.")},
    )
    internet_check_answer = forms.CharField(required=False, max_length=200)

    def __init__(self, study: Study, *arguments: object) -> None:
        super().__init__(*arguments)
        if not study.asks_looked_up:
            del self.fields["looked_up"]
        if question := study.texts.internet_check_question:
            self.fields["internet_check_answer"].label = question
        else:
            del self.fields["internet_check_answer"]

    def read_answers(self) -> EndAnswers:
        return EndAnswers(
            looked_up=self.cleaned_data.get("looked_up"),
            internet_check_answer=self.cleaned_data.get("internet_check_answer", ""),
        )


@require_http_methods(["GET", "HEAD", "POST"])
def go_on(request: HttpRequest, slug: str) -> HttpResponse:
    """To the page where the visitor belongs; the ends without a page of their own are told here."""
    study = find_study(request, slug)
    participant = find_participant(request, study)
    if participant is None:
        return redirect("rater:enter", slug)
    step = locate(participant)
    if step not in ENDS_WITHOUT_PAGE:
        return redirect_to(study, participant, step)
    returned = participant.dropout_reason == participation.RETURNED_ON_PLATFORM
    withdrawal = participation.find_time_to_withdraw(participant, now=read_clock(participant))
    context = {
        "study": study,
        "step": step,
        "returned": returned,
        "ending": find_ending(participant),
        "withdrawal": withdrawal,
        "code": participant.code,
    }
    response = render(request, "participant_site/ended.html", context)
    add_never_cache_headers(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(Step.INSTRUCTIONS)
def instructions(request: HttpRequest, participant: Participant) -> HttpResponse:
    if request.method == "POST":
        participation.start(participant, now=read_clock(participant))
        return redirect("rater:continue", participant.study.slug)
    context = {"study": participant.study, "total": participant.trials.count()}
    return render(request, "participant_site/instructions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@on_step(Step.QUESTIONS)
def questions(request: HttpRequest, participant: Participant) -> HttpResponse:
    form = EndForm(participant.study, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        participation.complete(participant, form.read_answers(), now=read_clock(participant))
        return redirect("rater:debriefing", participant.study.slug)
    return render(request, "participant_site/questions.html", {"study": participant.study, "form": form})
