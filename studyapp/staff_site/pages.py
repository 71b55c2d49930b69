"""What every staff page shares: who may see it, its look (that of the admin), and its content security policy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from studyapp.actions.audit import acting_as
from studyapp.actions.roles import list_members, list_visible_studies
from studyapp.domain.roles import CHANGE, OWN, Role
from studyapp.models import Study
from studyapp.staff_site.steps import find_neighbours, find_steps

PROLIFIC_TAB = ("study_prolific", "Prolific")  # of studies whose participants come from there
TAB_GROUPS = (  # the pages of a study by when one needs them, so that no row of them is long
    ("Overview", (("study_overview", "Overview"),)),
    (
        "Set-up",
        (
            ("study_articles", "Articles"),
            ("study_models", "Models"),
            ("study_generation", "Generation"),
            ("study_review", "Review"),
            ("study_texts", "Questions and texts"),
            ("study_recruitment", "Recruitment"),
            ("study_preview", "Preview"),
            ("study_plan", "Plan"),
            ("study_rehearsals", "Rehearsal"),
        ),
    ),
    (
        "Running",
        (
            ("study_watch", "Watch"),
            ("study_launch", "Launch"),
            ("study_changes", "Changes"),
            PROLIFIC_TAB,
            ("study_people", "People"),
        ),
    ),
    ("Results", (("study_export", "Export"), ("study_detectors", "Detectors"), ("study_log", "Log"))),
)
BELONGS_TO = {
    "study_arm": "study_models",
    "study_language": "study_texts",
    "study_check": "study_launch",
    "export_free_text": "study_export",
}
READING = ("GET", "HEAD")
Row = TypeVar("Row", bound=Model)
# the overview of a draft leads to its next step; the others begin with the first participant
NOT_OF_A_DRAFT = frozenset({"study_overview", "study_watch", "study_changes"})


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


def is_row_id(said: str) -> bool:
    """Whether it can be the id of a row: digits, and no more of them than a database keeps."""
    return said.isascii() and said.isdecimal() and len(said) < 19


def find_row(rows: type[Row] | QuerySet[Row], said: str | None, **among: Any) -> Row:
    """The row of the id that a form says.

    Raises:
        Http404: there is none, or it is no id at all.
    """
    if said is None or not is_row_id(said):
        raise Http404("no such row")
    return get_object_or_404(rows, pk=int(said), **among)


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


def show_entry(request: HttpRequest, template: str, *, study: Study, form: Form, **context: Any) -> HttpResponse:
    """Render the form of one entry of a design's list; once the study is launched it can be read and not changed."""
    if not study.is_draft:
        for field in form.fields.values():
            field.disabled = True
    return show(
        request, template, title=study.title, study=study, form=form, step_before=None, step_after=None, **context
    )


@dataclass(frozen=True)
class TabGroup:
    """Some pages of a study: the first is where its name leads; `is_here`: one of them is looked at."""

    name: str
    pages: tuple[tuple[str, str], ...]
    is_here: bool


def list_tab_groups(study: Study, *, page: str) -> list[TabGroup]:
    """The pages of a study that is no draft, in groups, while `page` is looked at."""
    here = BELONGS_TO.get(page, page)
    groups = []
    for name, tabs in TAB_GROUPS:
        pages = tuple(tab for tab in tabs if tab != PROLIFIC_TAB or study.platform == "prolific")
        groups.append(TabGroup(name, pages, is_here=here in dict(pages)))
    return groups


def _list_ways(request: HttpRequest, study: Study | None) -> dict[str, Any]:
    """Where one can go from a study's page: the steps of a draft with the pages that are no step of it, or its tabs."""
    if study is None:
        return {}
    page = request.resolver_match.url_name
    groups = list_tab_groups(study, page=page)
    if not study.is_draft:
        return {"tab_groups": groups, "here": BELONGS_TO.get(page, page)}
    steps = find_steps(study)
    before, after = find_neighbours(steps, page)
    elsewhere = {step.page for step in steps} | NOT_OF_A_DRAFT
    others = [tab for group in groups for tab in group.pages if tab[0] not in elsewhere]
    return {"steps": steps, "step_before": before, "step_after": after, "tabs": others}
