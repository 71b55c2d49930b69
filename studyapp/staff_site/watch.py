"""Watching a study that runs: a page that works without script, and its sections as JSON for the one that polls."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers

from studyapp.models import Study
from studyapp.staff_site.pages import show, study_page
from studyapp.staff_site.watch_facts import gather_facts

SECTIONS = ("counts", "arms", "arrivals", "times", "leaving", "problems", "comments")


@study_page
def show_watch(request: HttpRequest, study: Study) -> HttpResponse:
    facts = gather_facts(study) if not study.is_draft else {}
    return show(request, "study_watch.html", title=study.title, study=study, sections=SECTIONS, **facts)


@study_page
def show_now(request: HttpRequest, study: Study) -> HttpResponse:
    """The sections as they are now: `static/staff/watch.js` puts those in place that have changed."""
    if study.is_draft:
        return JsonResponse({"at": "", "sections": {}})
    facts = {"study": study, **gather_facts(study)}
    response = JsonResponse(
        {
            "at": facts["at"].strftime("%H:%M:%S"),
            "sections": {name: render_to_string(f"staff_site/watch/{name}.html", facts, request) for name in SECTIONS},
        }
    )
    add_never_cache_headers(response)
    return response
