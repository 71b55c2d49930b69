"""What every staff page shares: who may see it, its look (that of the admin), and its content security policy."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from studyapp.actions.audit import acting_as
from studyapp.models import Study
from studyapp.staff_site.steps import find_neighbours, find_steps

STUDY_TABS = (
    ("study_overview", "Watch"),
    ("study_articles", "Articles"),
    ("study_models", "Models"),
    ("study_generation", "Generation"),
    ("study_review", "Review"),
    ("study_texts", "Questions and texts"),
    ("study_recruitment", "Recruitment"),
    ("study_launch", "Launch"),
    ("study_export", "Export"),
)


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For signed-in staff, by GET and POST; everybody else is sent to the login. What is done is done in their name."""

    @wraps(view)
    def in_their_name(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        with acting_as(request.user):
            return view(request, *arguments, **named)

    return staff_member_required(require_http_methods(["GET", "HEAD", "POST"])(in_their_name), login_url="admin:login")


def staff_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page in the frame of the admin, under the policy that the admin's scripts need."""
    return csp_update(settings.STAFF_CONTENT_SECURITY_POLICY)(staff_only(view))


def study_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A staff page of one study, which the view is given in place of its slug."""

    @wraps(view)
    def with_study(request: HttpRequest, slug: str, **arguments: Any) -> HttpResponse:
        return view(request, get_object_or_404(Study, slug=slug), **arguments)

    return staff_page(with_study)


def show(
    request: HttpRequest, template: str, *, title: str, study: Study | None = None, **context: Any
) -> HttpResponse:
    """Render a staff page in the frame of the admin; a draft's pages get its steps, another study's its tabs."""
    frame = {**admin.site.each_context(request), "title": title, "study": study, **_list_ways(request, study)}
    return render(request, f"staff_site/{template}", {**frame, **context})


def _list_ways(request: HttpRequest, study: Study | None) -> dict[str, Any]:
    """Where one can go from a study's page: the steps of a draft, and the tabs that are no step of it."""
    if study is None or not study.is_draft:
        return {"tabs": STUDY_TABS if study else ()}
    steps = find_steps(study)
    before, after = find_neighbours(steps, request.resolver_match.url_name)
    in_line = {step.page for step in steps} | {"study_overview"}  # which leads to the next step of a draft
    others = [(page, label) for page, label in STUDY_TABS if page not in in_line]
    return {"steps": steps, "step_before": before, "step_after": after, "tabs": others}
