"""The questions and texts of a study, its checks, targets and rules: every section that no other page sets."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from studyapp.actions.study import describe_study
from studyapp.domain.study_design import DesignError
from studyapp.models import Study
from studyapp.staff_site.design_forms import MARKDOWN, SectionsForm, list_sections
from studyapp.staff_site.design_words import name_section
from studyapp.staff_site.drafts import go_on, has_texts, try_change
from studyapp.staff_site.languages import describe_languages
from studyapp.staff_site.pages import show, staff_page, study_page

ELSEWHERE = ("recruitment", "articles", "questions", "attention", "comprehension")  # sections with a page of their own
# said when the study is made, and on the pages of the further languages
SKIPPED = ("study.slug", "study.preset", "texts.languages")
FOLDED = ("fitness", "normalisation")  # sections that few people change
MAX_PREVIEW = 100_000  # characters


@study_page
def show_texts(request: HttpRequest, study: Study) -> HttpResponse:
    """The form of these sections, each Markdown text with what it looks like beside it."""
    form = SectionsForm(
        request.POST if request.method == "POST" else None,
        design=describe_study(study),
        sections=list_sections(without=ELSEWHERE),
        skips=SKIPPED,
    )
    if request.method == "POST" and form.is_valid() and request.POST.get("do") != "preview":
        try:
            if try_change(request, study, form.read_change()):
                return go_on(request, study, page="study_texts")
        except DesignError as error:
            form.add_faults(error)
    form.freeze(not study.is_draft)
    return show(
        request,
        "study_texts.html",
        title=study.title,
        study=study,
        form=form,
        fieldsets=[
            {
                "name": name_section(section),
                "is_folded": section in FOLDED and not any(field.errors for field in fields),
                "fields": [(field, f"{section}.{field.name.partition('-')[2]}" in MARKDOWN) for field in fields],
            }
            for section, fields in form.list_fieldsets()
        ],
        has_texts=has_texts(study),
        own_questions=study.own_questions,
        checks=study.attention_questions,
        n_comprehension=len(study.comprehension),
        **describe_languages(study, here=study.language),
    )


@staff_page
def preview_markdown(request: HttpRequest) -> HttpResponse:
    """A Markdown text as participants will see it: the inside of a preview, asked for while somebody writes."""
    text = request.POST.get("text", "")[:MAX_PREVIEW].replace("\r\n", "\n")
    return render(request, "staff_site/markdown_preview.html", {"text": text})
