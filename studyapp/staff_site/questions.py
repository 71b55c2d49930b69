"""The study's own questions: in their order, with the ready-made ones that can be taken, and a page for each."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.study import describe_study
from studyapp.domain.design_changes import DesignChange
from studyapp.domain.ready_made_questions import READY_MADE
from studyapp.domain.study_design import DesignError, describe_design
from studyapp.models import Study
from studyapp.staff_site.drafts import try_change
from studyapp.staff_site.pages import show, show_entry, study_page
from studyapp.staff_site.question_forms import QuestionForm

MOVES = {"up": -1, "down": 1}


@study_page
def show_questions(request: HttpRequest, study: Study) -> HttpResponse:
    """The questions with what can be done to each, and below them the ready-made ones that are not taken yet."""
    questions = describe_design(describe_study(study))["questions"]
    if request.method == "POST":
        try:
            _carry_out(request, study, questions)
        except DesignError as error:
            for fault in error.faults:
                messages.error(request, fault)
        return redirect("staff:study_questions", study.slug)
    taken = {question["name"] for question in questions}
    return show(
        request,
        "study_questions.html",
        title=study.title,
        study=study,
        parts=[
            ("Before the first article", [q for q in questions if q["when"] == "before"]),
            ("After the last article", [q for q in questions if q["when"] == "after"]),
        ],
        ready_made=[
            {"name": name, "text": says["text"], "choices": says.get("choices", ())}
            for name, says in READY_MADE.items()
            if name not in taken
        ],
    )


@study_page
def edit_question(request: HttpRequest, study: Study, name: str = "") -> HttpResponse:
    """One question with all that can be said of it, or a new one at the end."""
    questions = describe_design(describe_study(study))["questions"]
    names = [question["name"] for question in questions]
    if name and name not in names:
        raise Http404("the study has no such question")
    place = names.index(name) if name else len(names)
    says = questions[place] if name else {}
    form = QuestionForm(
        request.POST if request.method == "POST" else None, says=says, others=[n for n in names if n != name]
    )
    if request.method == "POST" and form.is_valid():
        entries = [*questions[:place], form.read_question(), *questions[place + 1 :]]
        try:
            if try_change(request, study, DesignChange(lists={"questions": entries})):
                return redirect("staff:study_questions", study.slug)
        except DesignError as error:
            form.add_faults(error, place=place)
    return show_entry(request, "study_question.html", study=study, form=form, question=says)


def _carry_out(request: HttpRequest, study: Study, questions: list[dict[str, Any]]) -> None:
    """Do what was asked for.

    Raises:
        DesignError: the questions would not fit together.
    """
    asked, name = request.POST.get("do"), request.POST.get("question", "")
    if asked == "take":
        when = "before" if request.POST.get("when") == "before" else "after"
        ticked = [name for name in READY_MADE if name in request.POST.getlist("ready_made")]
        if not ticked:
            messages.error(request, "Nothing was taken: tick a ready-made question first.")
            return
        added: list[dict[str, Any]] = [{"use": name, "when": when} for name in ticked]
        try_change(request, study, DesignChange(lists={"questions": [*questions, *added]}))
        return
    found = next((question for question in questions if question["name"] == name), None)
    if found is None or asked not in (*MOVES, "remove"):
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
        return
    try_change(request, study, DesignChange(lists={"questions": _move(questions, found, by=MOVES.get(asked))}))


def _move(questions: list[dict[str, Any]], found: dict[str, Any], *, by: int | None) -> list[dict[str, Any]]:
    """The questions with one of them moved among those of its part, or taken out."""
    part = [question for question in questions if question["when"] == found["when"]]
    other = [question for question in questions if question["when"] != found["when"]]
    index = part.index(found)
    part.remove(found)
    if by is not None:
        part.insert(max(0, index + by), found)
    return [*part, *other] if found["when"] == "before" else [*other, *part]
