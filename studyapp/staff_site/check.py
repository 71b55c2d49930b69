"""The study as it stands before launch: every step, and every finding of the checklist with where it is mended."""

from django.http import HttpRequest, HttpResponse

from studyapp.actions.launch import review_readiness
from studyapp.domain.launch_checklist import may_launch
from studyapp.models import Study
from studyapp.staff_site.pages import show, study_page
from studyapp.staff_site.steps import PAGES, find_steps

# Where a finding is mended, by its topic; one without a place here is shown without a way.
MENDED_ON = {
    "Items": "study_articles",
    "Context": "study_articles",
    "Articles": "study_articles",
    "Arms": "study_models",
    "Generation": "study_generation",
    "Stimuli": "study_review",
    "Lengths": "study_review",
    "Forms": "study_review",
    "Texts": "study_texts",
    "Promise": "study_recruitment",
    "Contact": "study_recruitment",
}
LEVELS = {"refuse": "Refused", "warn": "Mind", "pass": "Good"}


@study_page
def show_check(request: HttpRequest, study: Study) -> HttpResponse:
    findings = review_readiness(study) if study.is_draft else []
    names = dict(PAGES)
    rows = [
        {
            "finding": finding,
            "verdict": LEVELS[finding.level],
            "page": MENDED_ON.get(finding.topic, ""),
            "page_name": names.get(MENDED_ON.get(finding.topic, ""), ""),
        }
        for finding in sorted(findings, key=lambda finding: list(LEVELS).index(finding.level))
    ]
    return show(
        request,
        "study_check.html",
        title=study.title,
        study=study,
        rows=rows,
        n_refused=sum(finding.level == "refuse" for finding in findings),
        n_warned=sum(finding.level == "warn" for finding in findings),
        may_launch=study.is_draft and may_launch(findings),
        open_steps=[step for step in find_steps(study)[:-2] if step.state != "done"] if study.is_draft else [],
    )
