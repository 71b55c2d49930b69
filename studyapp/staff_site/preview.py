"""Choosing what to preview: an arm and a form. The pages themselves are the participants' own."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from studyapp.domain.counterbalancing import FORM_NAMES
from studyapp.models import Stimulus, Study
from studyapp.staff_site.pages import show, study_page


@study_page
def show_preview(request: HttpRequest, study: Study) -> HttpResponse:
    n_items = study.items.count()
    written = Stimulus.objects.filter(item__study=study).exclude(arm=None)
    rows = [
        {
            "arm": arm,
            "missing": n_items - written.filter(arm=arm).count(),
            "forms": [
                (form, reverse("rater:preview", args=[study.slug, arm.name, form, "consent"])) for form in FORM_NAMES
            ],
        }
        for arm in study.arms.all()
    ]
    has_forms = study.quiz_forms.exists()
    return show(request, "study_preview.html", title=study.title, study=study, rows=rows, has_forms=has_forms)
