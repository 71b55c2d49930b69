"""The whole way as one arm and form will see it, for staff: the participants' own templates, and nothing stored.

Works for drafts. A form that is sent leads to the next page; every link of the participants' site that a page holds
leads to the preview's page of the same step, so that nobody leaves the preview by accident and takes part.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.html import escape
from django.views.decorators.http import require_http_methods

from studyapp.actions.preview import lay_out_trials
from studyapp.actions.roles import list_visible_studies
from studyapp.domain.counterbalancing import FORM_NAMES
from studyapp.domain.judgment import Judgment
from studyapp.domain.progress import Step
from studyapp.domain.questions import QuestionPage, split_pages
from studyapp.domain.withdrawal import WithdrawalTime, find_withdrawal_time
from studyapp.models import Arm, Study, Trial
from studyapp.participant_site.attention import AttentionForm, describe_check, list_answers
from studyapp.participant_site.comprehension import describe_comprehension
from studyapp.participant_site.data_protection import describe_data_protection
from studyapp.participant_site.debriefing import Afterwards, describe_debriefing
from studyapp.participant_site.entry import describe_declined
from studyapp.participant_site.items import describe_item, make_form
from studyapp.participant_site.languages import read_choice, speak
from studyapp.participant_site.questions import STEPS, QuestionsForm, describe_questions
from studyapp.participant_site.steps import EndForm
from studyapp.participant_site.withdrawal import describe_withdrawal
from studyapp.recruitment import Arrival, Ending, Outcome

FIRST = "consent"
_LABELS = {
    "consent": "Consent",
    "instructions": "Instructions",
    "comprehension": "Questions first",
    "questions": "Last questions",
    "debriefing": "Debriefing",
    "withdraw": "Stopping",
    "declined": "Not agreeing",
    "data-protection": "Data protection",
}
_BESIDE = ("withdraw", "declined", "data-protection")  # pages that are no step of the way
_REMARKS = {
    "debriefing": "Participants read here that their answers are stored; of yours, nothing is.",
    "withdraw": "Whatever is pressed here deletes nothing: there are no answers of yours.",
}


@dataclass(frozen=True)
class Preview:
    """What is previewed: the cell, the trials of its example participant, and the page that is looked at."""

    study: Study
    arm: Arm
    form: str
    trials: Sequence[Trial]
    step: str
    language: str

    @property
    def steps(self) -> list[str]:
        """Every page in its order; the last ones are beside the way."""
        items = list(self._list_reading_steps())
        asked = ["comprehension"] if self.study.comprehension else []
        first, more = ([step for step, _ in self.list_question_pages(when)] for when in STEPS)
        last = ["questions"] if self.study.asks_at_end else []
        return ["consent", "instructions", *asked, *first, *items, *more, *last, "debriefing", *_BESIDE]

    def list_question_pages(self, when: str) -> list[tuple[str, QuestionPage]]:
        """The pages of the study's own questions, with those that only some are asked, each with its step's name."""
        pages = split_pages(self.study.own_questions, when=when)
        return [(f"{STEPS[when]}-{page.number}", page) for page in pages]

    def _list_reading_steps(self) -> Iterator[str]:
        """The articles, each with the attention check that comes after it."""
        last = len(self.trials)
        for trial in self.trials:
            yield f"item-{trial.position}"
            for number, asked in enumerate(self.study.attention_questions, start=1):
                if min(asked.after, last) == trial.position:
                    yield f"attention-{number}"

    def find_following(self, *, agrees: bool) -> str:
        """The page that a sent form leads to; whoever does not agree is refused, and the ends stay where they are."""
        if self.step == "consent" and not agrees:
            return "declined"
        if self.step in ("debriefing", *_BESIDE):
            return self.step
        return self.steps[self.steps.index(self.step) + 1]

    def address(self, step: str) -> str:
        return _address(self.study, arm=self.arm.name, form=self.form, step=step, language=self.language)

    def describe(self) -> dict[str, object]:
        """For the bar above every page."""
        labels = {step: _name_step(step) for step in self.steps}
        steps = [{"address": self.address(s), "label": labels[s], "is_here": s == self.step} for s in self.steps]
        leave = reverse("staff:study_preview", args=[self.study.slug])
        languages = [
            {"address": replace(self, language=tag).address(self.step), "tag": tag, "is_here": tag == self.language}
            for tag in self.study.languages
        ]
        bar = {"arm": str(self.arm), "form": self.form, "steps": steps, "leave": leave, "languages": languages}
        return {**bar, "remark": _REMARKS.get(self.step, "")}


def _label_reading_step(step: str) -> str:
    return step.removeprefix("item-").replace("attention-", "Check ")


@require_http_methods(["GET", "HEAD", "POST"])
def _show(request: HttpRequest, slug: str, arm: str, form: str, step: str) -> HttpResponse:
    study = get_object_or_404(list_visible_studies(request.user), slug=slug)
    chosen = get_object_or_404(Arm, study=study, name=arm)
    if form not in FORM_NAMES:
        raise Http404("no such form")
    language = read_choice(request.GET, study) or study.language
    speak(study, language)
    preview = Preview(study, chosen, form, lay_out_trials(study, arm=chosen, form=form), step, language)
    if step not in preview.steps:
        raise Http404("no such page")
    if request.method == "POST":
        chosen_language = read_choice(request.POST, study, key="read_in")
        if chosen_language:
            return redirect(replace(preview, language=chosen_language).address(preview.step))
        return redirect(preview.address(preview.find_following(agrees=request.POST.get("agree") == "yes")))
    template, context = _describe_page(preview)
    page = render_to_string(f"participant_site/{template}.html", {**context, "preview": preview.describe()}, request)
    ending = context.get("ending")
    response = HttpResponse(
        _keep_inside(page, preview, completion_url=ending.url if isinstance(ending, Ending) else "")
    )
    add_never_cache_headers(response)
    return response


show_step = staff_member_required(_show, login_url="admin:login")


def _describe_page(preview: Preview) -> tuple[str, dict[str, object]]:
    """The template of a step, and what it is given: the same as a participant's page."""
    study, total = preview.study, len(preview.trials)
    for when in STEPS:
        if page := dict(preview.list_question_pages(when)).get(preview.step):
            shown = describe_questions(study, QuestionsForm(study, page), when=when)
            return "own_questions", {**shown, "conditions": [q for q in page.questions if q.show_if]}
    match preview.step.partition("-"):
        case ("item", _, position):
            trial = preview.trials[int(position) - 1]
            heading = trial.stimulus.item.article
            form, seconds = make_form(study), _pretend_pace(preview, trial)
            return "item", describe_item(study, trial, heading, form=form, seconds=seconds)
        case ("attention", _, number):
            return "attention", _describe_check(preview, int(number))
        case ("instructions", *_):
            return "instructions", {"study": study, "total": total}
        case ("comprehension", *_):
            return "comprehension", {"study": study, **describe_comprehension(study)}
        case ("questions", *_):
            return "questions", {"study": study, "form": EndForm(study)}
        case ("debriefing", *_):
            answered = [(trial, Judgment.MORE_LIKELY_MACHINE) for trial in preview.trials]
            return "debriefing", describe_debriefing(study, answered, afterwards=_pretend_end(study))
        case ("withdraw", *_):
            return "withdraw", describe_withdrawal(
                study, withdrawal=WithdrawalTime(is_open=True), ending=None, code="", is_at_work=True
            )
        case ("data", *_):
            return "data_protection", describe_data_protection(study, code="")
        case ("declined", *_):
            return "notice", describe_declined(study, study.adapter.end(Outcome.NO_CONSENT, Arrival()))
    return "consent", {"study": study, "arrival": ""}


def _describe_check(preview: Preview, number: int) -> dict[str, object]:
    study, asked = preview.study, preview.study.texts.attention[number - 1]
    total = len(preview.trials)
    form = AttentionForm(None, answers=list_answers(study, asked))
    return describe_check(study, number, form=form, answered=min(asked.after, total), total=total)


def _address(study: Study, *, arm: str, form: str, step: str, language: str) -> str:
    query = "" if language == study.language else f"?{urlencode({'language': language})}"
    return reverse("rater:preview", args=[study.slug, arm, form, step]) + query


def _pretend_pace(preview: Preview, trial: Trial) -> list[float | None]:
    """The seconds of somebody who has come to this trial in just the time that was promised."""
    promised = preview.study.estimated_minutes * 60 / len(preview.trials)
    return [promised if other.position < trial.position else None for other in preview.trials]


def _pretend_end(study: Study) -> Afterwards:
    """The end of somebody who completes now, and whom the platform has told nothing of."""
    now = timezone.now()
    return Afterwards(
        ending=study.adapter.end(Outcome.COMPLETE, Arrival()),
        return_path=reverse("rater:come_back", args=[study.slug, "example"]),
        withdrawal=find_withdrawal_time(ended_at=now, days=study.withdrawal_days, now=now),
        asks_again=study.asks_again,
    )


def _name_step(step: str) -> str:
    """What the bar above the pages calls a step."""
    own = re.fullmatch(rf"({'|'.join(STEPS.values())})-(\d+)", step)
    if own:
        return f"{'First' if own[1] == Step.FIRST_QUESTIONS else 'More'} questions {own[2]}"
    return _LABELS.get(step) or _label_reading_step(step)


def _keep_inside(page: str, preview: Preview, *, completion_url: str) -> str:
    """The page with addresses of the participants' site, and of the platform they came from, led back into the preview.

    An address of an item (its trial has a code, but no row) or of no step of its own stays on the page itself.
    """
    entry = re.escape(reverse("rater:enter", args=[preview.study.slug]))
    here = preview.address(preview.step)

    def replace(match: re.Match[str]) -> str:
        step = match["step"]
        if step == "preview":
            return match[0]
        if match["attribute"] == "action" and step == "consent":
            return f'action="{here}"'
        return f'{match["attribute"]}="{preview.address(step) if step in preview.steps else here}"'

    page = re.sub(rf'(?P<attribute>href|action|formaction)="{entry}(?:(?P<step>[\w-]+)/[^"]*)?"', replace, page)
    if completion_url:
        for attribute in ("href", "action"):
            page = page.replace(f'{attribute}="{escape(completion_url)}"', f'{attribute}="{here}"')
    return page
