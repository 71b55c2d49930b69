"""The attention checks of a study: in their places between the articles, with the ready-made ones that can be taken."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.study import describe_study
from studyapp.domain.attention_standard import STANDARD, expand_standard
from studyapp.domain.design_changes import DesignChange, rearrange_translated
from studyapp.domain.study_design import DesignError, describe_design
from studyapp.models import Study
from studyapp.staff_site.attention_forms import CheckForm
from studyapp.staff_site.drafts import try_change
from studyapp.staff_site.pages import show, show_entry, study_page

Entries = list[tuple[int | None, dict[str, Any]]]  # each with its number before, None for a new one


@study_page
def show_checks(request: HttpRequest, study: Study) -> HttpResponse:
    """The checks with what can be done to each, and below them the ready-made ones."""
    if request.method == "POST":
        try:
            _carry_out(request, study)
        except (DesignError, ValueError) as error:
            for fault in getattr(error, "faults", [str(error)]):
                messages.error(request, fault)
        return redirect("staff:study_attention", study.slug)
    return show(
        request,
        "study_attention.html",
        title=study.title,
        study=study,
        checks=[(number, asked) for number, asked in enumerate(study.attention_questions, start=1)],
        ready_made=STANDARD,
    )


@study_page
def edit_check(request: HttpRequest, study: Study, number: int = 0) -> HttpResponse:
    """One check with all that can be said of it; number 0 is a new one."""
    entries = _list_entries(study)
    if number > len(entries):
        raise Http404("the study has no such check")
    says = entries[number - 1][1] if number else {}
    form = CheckForm(request.POST if request.method == "POST" else None, says=says)
    if request.method == "POST" and form.is_valid():
        own = (number - 1 if number else None, form.read_check())
        changed = [*entries[: number - 1], own, *entries[number:]] if number else [*entries, own]
        try:
            if try_change(request, study, _place(study, changed)):
                return redirect("staff:study_attention", study.slug)
        except DesignError as error:
            form.add_faults(error, place=_sort(changed).index(own))
    return show_entry(request, "study_attention_check.html", study=study, form=form, number=number)


def _carry_out(request: HttpRequest, study: Study) -> None:
    """Do what was asked for.

    Raises:
        DesignError, ValueError: the checks would not fit together, or there is none of that name.
    """
    asked, entries = request.POST.get("do"), _list_entries(study)
    if asked == "take":
        after = request.POST.get("after", "").strip()
        if not after.isascii() or not after.isdecimal() or len(after) > 4:
            raise ValueError("Nothing was taken: say after how many articles it shall come.")
        standard = {"standard": request.POST.get("standard", ""), "after": int(after)}
        taken = expand_standard(standard, language=study.language)
        try_change(request, study, _place(study, [*entries, (None, taken)]))
        return
    number = request.POST.get("check", "")
    kept = [entry for entry in entries if str((entry[0] or 0) + 1) != number]
    if asked != "remove" or len(kept) == len(entries):
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
        return
    try_change(request, study, _place(study, kept))


def _list_entries(study: Study) -> Entries:
    return list(enumerate(describe_design(describe_study(study))["attention"]))


def _sort(entries: Entries) -> Entries:
    """In the order of the pages, so that nobody has to write them in it."""
    return sorted(entries, key=lambda entry: entry[1]["after"])


def _place(study: Study, entries: Entries) -> DesignChange:
    return rearrange_translated(describe_study(study), "attention", _sort(entries))
