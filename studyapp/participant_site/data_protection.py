"""What is kept of participants, by whom, why and how long: a page for everybody, before they agree and after."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from studyapp.domain.data_protection import LEGAL_BASES
from studyapp.models import Study
from studyapp.participant_site.languages import say
from studyapp.participant_site.visitor import find_participant, find_study


@require_safe
def data_protection(request: HttpRequest, slug: str) -> HttpResponse:
    """The page; to somebody who takes part it also says their code."""
    study = find_study(request, slug)
    participant = find_participant(request, study)
    context = describe_data_protection(study, code=participant.code if participant else "")
    response = render(request, "participant_site/data_protection.html", context)
    add_never_cache_headers(response)
    return response


def describe_data_protection(study: Study, *, code: str) -> dict[str, object]:
    """What the page shows; the preview shows the same."""
    said = study.protection
    return {
        "study": study,
        "said": said,
        "basis": say(LEGAL_BASES[said.legal_basis]) if said.legal_basis else "",
        "has_ids": study.names_people,
        "platform": study.adapter.title if study.platform != "personal" else "",
        "code": code,
    }
