"""Where participants come from, and whether what they are promised for their time is fair."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from studyapp.actions.study import describe_study
from studyapp.domain.pay import (
    ANSWER_SECONDS,
    OVERHEAD_MINUTES,
    RULES,
    WORDS_A_MINUTE,
    TimeEstimate,
    is_far_off,
    judge_pay,
    parse_reward,
    propose_rewards,
)
from studyapp.domain.study_design import DesignError
from studyapp.models import Study
from studyapp.staff_site.design_forms import SectionsForm
from studyapp.staff_site.drafts import go_on, try_change
from studyapp.staff_site.pages import show, study_page

SECTIONS = ("recruitment",)


@study_page
def show_recruitment(request: HttpRequest, study: Study) -> HttpResponse:
    """The form of the section, and what the promise comes to an hour."""
    time = study.estimate_time()
    posted = request.POST.copy() if request.method == "POST" else None
    if posted is not None and posted.get("do") == "take_minutes" and time is not None:
        posted["recruitment-estimated_minutes"] = _round_up(time)  # with all that was typed beside it
    form = SectionsForm(posted, design=describe_study(study), sections=SECTIONS)
    if request.method == "POST" and form.is_valid():
        try:
            if try_change(request, study, form.read_change()):
                return go_on(request, study, page="study_recruitment")
        except DesignError as error:
            form.add_faults(error)
    form.freeze(not study.is_draft)
    return show(
        request,
        "study_recruitment.html",
        title=study.title,
        study=study,
        form=form,
        pay=_describe_pay(study, time),
        time=time,
        minutes=_round_up(time) if time else None,
        is_far_off=time is not None and is_far_off(study.estimated_minutes, time.total),
        pace={"words": WORDS_A_MINUTE, "seconds": ANSWER_SECONDS, "overhead": OVERHEAD_MINUTES},
        proposed=propose_rewards(_round_up(time) if time else study.estimated_minutes),
        asked=[(currency, *rule) for currency, rule in RULES.items()],
    )


def _describe_pay(study: Study, time: TimeEstimate | None) -> list[dict[str, Any]]:
    """The reward an hour: for the minutes that participants are told, and for those that the articles should take."""
    reward = parse_reward(study.reward)
    if reward is None:
        return []
    bases = [("the minutes that participants are told", float(study.estimated_minutes))]
    if time is not None:
        bases.append(("the reading-time estimate", time.total))
    return [{"basis": basis, "minutes": minutes, "pay": judge_pay(reward, minutes=minutes)} for basis, minutes in bases]


def _round_up(time: TimeEstimate) -> int:
    return max(1, -int(-time.total // 1))
