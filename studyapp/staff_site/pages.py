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
from studyapp.actions.roles import list_members, list_visible_studies
from studyapp.domain.roles import CHANGE, OWN, Role
from studyapp.models import Study
from studyapp.staff_site.steps import find_neighbours, find_steps

STUDY_TABS = (
    ("study_overview", "Overview"),
    ("study_articles", "Articles"),
    ("study_models", "Models"),
    ("study_generation", "Generation"),
    ("study_review", "Review"),
    ("study_texts", "Questions and texts"),
    ("study_recruitment", "Recruitment"),
    ("study_preview", "Preview"),
    ("study_plan", "Plan"),
    ("study_rehearsals", "Rehearsal"),
    ("study_launch", "Launch"),
    ("study_watch", "Watch"),
    ("study_changes", "Changes"),
    ("study_export", "Export"),
    ("study_people", "People"),
    ("study_log", "Log"),
)
READING = ("GET", "HEAD")
# the overview of a draft leads to its next step; the others begin with the first participant
NOT_OF_A_DRAFT = frozenset({"study_overview", "study_watch", "study_changes"})
PROLIFIC_TAB = ("study_prolific", "Prolific")  # of studies whose participants come from there


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


def needs(permission: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Show a staff page only to accounts with a permission that belongs to no single study, as `studyapp.add_study`."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def permitted(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                return _refuse(request, None, "An administrator can give you the right to do this, under Staff.")
            return view(request, *arguments, **named)

        return permitted

    return decorate


def study_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A staff page of one study, which the view is given in place of its slug.

    Those with a part in the study may look at it, its researchers and owners may change what it changes; for others
    there is no such study.
    """
    return staff_page(_with_study(view, to_change=CHANGE))


def owner_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A study page whose changes are the owners' alone."""
    return staff_page(_with_study(view, to_change=OWN))


def find_study(request: HttpRequest, slug: str) -> Study:
    """The study of an address, if the account may look at it.

    Raises:
        Http404: there is none, or none that this account has a part in.
    """
    return get_object_or_404(list_visible_studies(request.user), slug=slug)


def _with_study(view: Callable[..., HttpResponse], *, to_change: str) -> Callable[..., HttpResponse]:
    @wraps(view)
    def with_study(request: HttpRequest, slug: str, **arguments: Any) -> HttpResponse:
        study = find_study(request, slug)
        if request.method not in READING and not request.user.has_perm(to_change, study):
            wanted = "an owner" if to_change == OWN else "a researcher or an owner"
            owners = [str(member.user) for member in list_members(study) if member.role is Role.OWNER]
            whom = f"ask {', '.join(owners)}" if owners else "ask an administrator"
            return _refuse(request, study, f"This is for {wanted} of the study: {whom}. Nothing was changed.")
        return view(request, study, **arguments)

    return with_study


def _refuse(request: HttpRequest, study: Study | None, message: str) -> HttpResponse:
    response = show(request, "forbidden.html", title="Not yours to do", study=study, message=message)
    response.status_code = 403
    return response


def show(
    request: HttpRequest, template: str, *, title: str, study: Study | None = None, **context: Any
) -> HttpResponse:
    """Render a staff page in the frame of the admin; a draft's pages get its steps, another study's its tabs."""
    frame = {**admin.site.each_context(request), "title": title, "study": study, **_list_ways(request, study)}
    frame["only_looks"] = study is not None and not request.user.has_perm(CHANGE, study)
    return render(request, f"staff_site/{template}", {**frame, **context})


def list_tabs(study: Study | None) -> tuple[tuple[str, str], ...]:
    """The pages of a study."""
    if study is None:
        return ()
    return (*STUDY_TABS, PROLIFIC_TAB) if study.platform == "prolific" else STUDY_TABS


def _list_ways(request: HttpRequest, study: Study | None) -> dict[str, Any]:
    """Where one can go from a study's page: the steps of a draft, and the tabs that are no step of it."""
    if study is None or not study.is_draft:
        return {"tabs": list_tabs(study)}
    steps = find_steps(study)
    before, after = find_neighbours(steps, request.resolver_match.url_name)
    elsewhere = {step.page for step in steps} | NOT_OF_A_DRAFT
    others = [(page, label) for page, label in list_tabs(study) if page not in elsewhere]
    return {"steps": steps, "step_before": before, "step_after": after, "tabs": others}
