"""The questions about the instructions, in the order in which they are asked before the first article."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.study import describe_study
from studyapp.domain.comprehension import MOST_QUESTIONS
from studyapp.domain.design_changes import DesignChange, rearrange_translated
from studyapp.domain.study_design import DesignError, describe_design
from studyapp.models import Study
from studyapp.staff_site.comprehension_forms import QuestionForm
from studyapp.staff_site.drafts import try_change
from studyapp.staff_site.pages import show, show_entry, study_page

Entries = list[tuple[int | None, dict[str, Any]]]  # each with its number before, None for a new one
MOVES = {"up": -1, "down": 1}


@study_page
def show_questions(request: HttpRequest, study: Study) -> HttpResponse:
    """The questions with what can be done to each."""
    if request.method == "POST":
        try:
            _carry_out(request, study)
        except DesignError as error:
            for fault in error.faults:
                messages.error(request, fault)
        return redirect("staff:study_comprehension", study.slug)
    questions = study.comprehension_questions
    return show(
        request,
        "study_comprehension.html",
        title=study.title,
        study=study,
        questions=[(number, asked) for number, asked in enumerate(questions, start=1)],
        is_full=len(questions) >= MOST_QUESTIONS,
    )


@study_page
def edit_question(request: HttpRequest, study: Study, number: int = 0) -> HttpResponse:
    """One question with all that can be said of it; number 0 is a new one."""
    entries = _list_entries(study)
    if number > len(entries):
        raise Http404("the study has no such question")
    form = QuestionForm(
        request.POST if request.method == "POST" else None, says=entries[number - 1][1] if number else {}
    )
    if request.method == "POST" and form.is_valid():
        place = number - 1 if number else len(entries)
        own = (number - 1 if number else None, form.read_question())
        try:
            if try_change(request, study, _arrange(study, [*entries[:place], own, *entries[place + 1 :]])):
                return redirect("staff:study_comprehension", study.slug)
        except DesignError as error:
            form.add_faults(error, place=place)
    return show_entry(request, "study_comprehension_question.html", study=study, form=form, number=number)


def _carry_out(request: HttpRequest, study: Study) -> None:
    """Move a question, or take it out.

    Raises:
        DesignError: the design would not fit together without it.
    """
    asked, entries = request.POST.get("do"), _list_entries(study)
    found = [entry for entry in entries if str((entry[0] or 0) + 1) == request.POST.get("question")]
    if not found or asked not in (*MOVES, "remove"):
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
        return
    place = entries.index(found[0])
    entries.remove(found[0])
    if asked in MOVES:
        entries.insert(max(0, place + MOVES[asked]), found[0])
    try_change(request, study, _arrange(study, entries))


def _list_entries(study: Study) -> Entries:
    return list(enumerate(describe_design(describe_study(study))["comprehension"]))


def _arrange(study: Study, entries: Entries) -> DesignChange:
    return rearrange_translated(describe_study(study), "comprehension", entries)
