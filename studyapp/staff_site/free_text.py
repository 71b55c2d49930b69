"""All that participants typed, to be read before it is published: what looks as if it told who wrote it comes first."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from studyapp.domain.bundle_cells import find_marks
from studyapp.models import QuestionAnswer, Response, Study
from studyapp.staff_site.pages import show, study_page

A_PAGE = 100


@study_page
def show_free_text(request: HttpRequest, study: Study) -> HttpResponse:
    """Comments and free answers alone, without arm, source or judgment: reading them tells nobody's accuracy."""
    comments = Response.objects.filter(trial__participant__study=study).exclude(comment="")
    answers = QuestionAnswer.objects.typed(study)
    texts = {*comments.values_list("comment", flat=True), *answers.values_list("answer", flat=True)}
    rows = [(text, find_marks(text)) for text in texts]
    rows.sort(key=lambda row: (not row[1], row[0].casefold(), row[0]))
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    return show(
        request,
        "study_free_text.html",
        title=study.title,
        study=study,
        page=page,
        marked=sum(bool(marks) for _, marks in rows),
    )
