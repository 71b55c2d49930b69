"""The study's own questions: a page or more before the first article, and after the last.

These pages are compressed, since lists of countries and languages may stand on them; no other one needs it.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods

from studyapp.actions.questions import answer_questions, find_next_page
from studyapp.domain.progress import Step
from studyapp.domain.questions import OF_TEXT, PREFER_NOT, Answer, Question, QuestionPage
from studyapp.models import Participant, Study
from studyapp.participant_site.clock import read_clock
from studyapp.participant_site.question_fields import AskedField, make_field, make_tick
from studyapp.participant_site.question_words import QuestionWords, find_question_words
from studyapp.participant_site.visitor import on_step

EMPTY: tuple[Any, ...] = (None, "", [])
STEPS = {"before": Step.FIRST_QUESTIONS, "after": Step.MORE_QUESTIONS}


class QuestionsForm(forms.Form):
    """The questions of one page. `page` is its number, so that one that is sent twice is not taken for the next."""

    page = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1, max_value=1000)

    def __init__(self, study: Study, asked: QuestionPage, posted: Any = None) -> None:
        super().__init__(posted, initial={"page": asked.number})
        self._asked: list[tuple[Question, QuestionWords]] = []
        for question in asked.questions:
            words = find_question_words(question, study)
            self.fields[_name(question)] = make_field(question, words)
            if (tick := make_tick(question)) is not None:
                self.fields[_name_tick(question)] = tick
            self._asked.append((question, words))

    @property
    def entries(self) -> list[AskedField]:
        """Each question as the template shows it."""
        return [
            AskedField(
                kind=question.kind,
                words=words,
                field=self[_name(question)],
                tick=self[_name_tick(question)] if _name_tick(question) in self.fields else None,
                is_optional=not question.required,
                last_point=str(question.high),
            )
            for question, words in self._asked
        ]

    def clean(self) -> dict[str, Any]:
        """Whoever would rather not say leaves the rest empty, and nobody says both."""
        for question, words in self._asked:
            self._clean_question(question, words, _name(question))
        return self.cleaned_data

    def _clean_question(self, question: Question, words: QuestionWords, name: str) -> None:
        given = self.cleaned_data.get(name)
        if self.cleaned_data.get(_name_tick(question)):
            if given not in EMPTY or name in self.errors:
                self.errors.pop(name, None)
                self.add_error(name, _("Please give an answer, or choose “Prefer not to say”, not both."))
        elif question.required and name not in self.errors and given in EMPTY:
            is_written = question.kind in (*OF_TEXT, "number")
            self.add_error(name, _("Please answer this.") if is_written else _("Please choose an answer."))
        elif question.alone and name not in self.errors:
            self._clean_alone(question, words, name)

    def _clean_alone(self, question: Question, words: QuestionWords, name: str) -> None:
        """A choice such as “None of these” with another one is taken for neither: nobody knows which was meant."""
        given = [int(number) for number in self.cleaned_data[name]]
        if question.mixes_alone([question.choices[number] for number in given]):
            alone = next(words.choices[number] for number in given if question.choices[number] in question.alone)
            said = gettext("“%(choice)s” goes with no other answer: please choose it alone, or take it away.")
            self.add_error(name, said % {"choice": alone})

    def read_answers(self) -> dict[str, Answer]:
        """What was answered, in the words in which the study file declares its choices."""
        return {question.name: self._read_answer(question) for question, _words in self._asked}

    def _read_answer(self, question: Question) -> Answer:
        given = self.cleaned_data[_name(question)]
        if given == PREFER_NOT or self.cleaned_data.get(_name_tick(question)):
            return PREFER_NOT
        if given in EMPTY:
            return None
        match question.kind:
            case "choice":
                return question.choices[int(given)]
            case "choices":
                return [question.choices[number] for number in sorted(map(int, given))]
            case "scale":
                return int(given)
        return given.replace("\r\n", "\n") if isinstance(given, str) else given


def _name(question: Question) -> str:
    return f"q_{question.name}"


def _name_tick(question: Question) -> str:
    return f"{_name(question)}-not_said"  # no name of a question has a hyphen


def describe_questions(study: Study, form: QuestionsForm, *, when: str) -> dict[str, object]:
    """What a page of questions shows; the preview shows the same."""
    return {"study": study, "form": form, "is_before": when == "before"}


def _ask(request: HttpRequest, participant: Participant, *, when: str) -> HttpResponse:
    """Show the next page of questions, or take its answers; what was sent of another page is not looked at."""
    study = participant.study
    asked = find_next_page(participant, when=when)
    if asked is None:  # a second click has answered the last page since the step was found
        return redirect("rater:continue", study.slug)
    form = QuestionsForm(study, asked)
    if request.method == "POST":
        if request.POST.get("page", str(asked.number)) != str(asked.number):
            return redirect(f"rater:{STEPS[when]}", study.slug)
        form = QuestionsForm(study, asked, request.POST)
        if form.is_valid():
            answer_questions(
                participant, form.read_answers(), when=when, page=asked.number, now=read_clock(participant)
            )
            return redirect("rater:continue", study.slug)
    return render(request, "participant_site/own_questions.html", describe_questions(study, form, when=when))


@require_http_methods(["GET", "HEAD", "POST"])
@gzip_page
@on_step(Step.FIRST_QUESTIONS)
def ask_first(request: HttpRequest, participant: Participant) -> HttpResponse:
    return _ask(request, participant, when="before")


@require_http_methods(["GET", "HEAD", "POST"])
@gzip_page
@on_step(Step.MORE_QUESTIONS)
def ask_more(request: HttpRequest, participant: Participant) -> HttpResponse:
    return _ask(request, participant, when="after")
