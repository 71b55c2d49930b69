"""What the setup pages share: a change of a draft is tried, and what became of it is said on the page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.drafts import DraftRefusedError, TextsAtStakeError, change_draft
from studyapp.domain.design_changes import DesignChange
from studyapp.models import Study
from studyapp.staff_site.pages import study_page
from studyapp.staff_site.steps import find_neighbours, find_next_page, find_steps

DROP_TEXTS = "drop_texts"  # the tick with which somebody says that generated texts may be deleted


def try_change(request: HttpRequest, study: Study, change: DesignChange) -> bool:
    """Change a draft and say so; False, and nothing changed, where it is launched or texts are at stake.

    Raises:
        DesignError: the design cannot be; the page says so where it was said.
    """
    try:
        keys = change_draft(study, change, drops_texts=request.POST.get(DROP_TEXTS) == "yes")
    except DraftRefusedError as error:
        messages.error(request, str(error))
        return False
    except TextsAtStakeError as error:
        messages.error(request, f"{error} To go on, tick the box beside the button that says so.")
        return False
    messages.success(request, "Saved." if keys else "Nothing was different, so nothing was changed.")
    return True


def has_texts(study: Study) -> bool:
    """Whether a change of this study can delete generated texts, so that its pages ask."""
    return study.is_draft and study.arms.filter(jobs__candidates__isnull=False).exists()


def go_on(request: HttpRequest, study: Study, *, page: str) -> HttpResponse:
    """After something was saved: to the next step where that was asked for, else to the page again."""
    if request.POST.get("then") == "next":
        after = find_neighbours(find_steps(study), page)[1]
        page = after.page if after else page
    return redirect(f"staff:{page}", study.slug)


@study_page
def take_up(request: HttpRequest, study: Study) -> HttpResponse:
    """Where a study is to be gone on with: the next step of a draft, the overview of another."""
    page = find_next_page(find_steps(study)) if study.is_draft else "study_overview"
    return redirect(f"staff:{page}", study.slug)
