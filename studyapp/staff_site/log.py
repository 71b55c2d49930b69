"""The audit log of one study: who did what, when and why, the newest first."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from studyapp.models import Study
from studyapp.staff_site.pages import show, study_page

A_PAGE = 50
_SHOWN = 160  # characters of a value; longer ones are folded


@study_page
def show_log(request: HttpRequest, study: Study) -> HttpResponse:
    pages = Paginator(study.audit_entries.select_related("by"), A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    entries = [
        {"entry": entry, "act": entry.act.replace("_", " "), "details": list_details(entry.detail)} for entry in page
    ]
    return show(request, "study_log.html", title=study.title, study=study, page=page, entries=entries)


def list_details(detail: dict[str, Any]) -> list[dict[str, Any]]:
    """What an entry says beside its reason: lists line by line, and long ones folded."""
    return [_describe(name, value) for name, value in detail.items() if value not in ("", [], None)]


def _describe(name: str, value: Any) -> dict[str, Any]:
    lines = [_tell(part) for part in value] if isinstance(value, list) else [_tell(value)]
    is_long = len(lines) > 1 or len(lines[0]) > _SHOWN
    return {"name": name.replace("_", " "), "lines": lines, "is_long": is_long}


def _tell(value: Any) -> str:
    """A value in words: a change as before and after, a finding of the checklist as its line."""
    if not isinstance(value, dict):
        return str(value)
    if value.keys() >= {"key", "before", "after"}:
        return f"{value['key']}: {value['before']!r} → {value['after']!r}"
    if value.keys() >= {"level", "topic", "message"}:
        return f"{value['level']}: {value['topic']}: {value['message']}"
    return ", ".join(f"{name}: {part}" for name, part in value.items())
