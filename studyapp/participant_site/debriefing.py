"""After the last answer: what it was about, who wrote what, and what participants may still do."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from studyapp.actions import participation
from studyapp.domain.debriefing import count_score
from studyapp.domain.judgment import LABELS, PAIR_LABELS, Judgment, find_choice
from studyapp.domain.progress import Step
from studyapp.domain.withdrawal import WithdrawalTime
from studyapp.models import Participant, Study, Trial
from studyapp.participant_site.clock import read_clock
from studyapp.participant_site.endings import find_ending
from studyapp.participant_site.visitor import on_step
from studyapp.passes import make_return_path
from studyapp.recruitment import Ending


@dataclass(frozen=True)
class ReadText:
    """A line of the list: what was read, who wrote it, and what the participant said."""

    title: str
    language: str
    url: str
    writer: str
    said: str


@dataclass(frozen=True)
class Afterwards:
    """What of the page is one participant's own: their end, their way back, and until when they may withdraw."""

    ending: Ending | None
    return_path: str
    withdrawal: WithdrawalTime
    asks_again: bool = False
    agreed_again: bool = False
    code: str = ""


@require_safe
@on_step(Step.DEBRIEFING)
def debriefing(request: HttpRequest, participant: Participant) -> HttpResponse:
    """What it was about, and which articles a machine wrote: only here, once every answer is stored."""
    study, now = participant.study, read_clock(participant)
    participation.record_debriefing(participant, now=now)
    trials = participant.trials.select_related("stimulus__item__article", "stimulus__arm", "beside", "response")
    withdrawal = participation.find_time_to_withdraw(participant, now=now)
    afterwards = Afterwards(
        ending=find_ending(participant),
        return_path=make_return_path(participant),
        withdrawal=withdrawal,
        asks_again=study.asks_again and participant.agreed_again_at is None and withdrawal.is_open,
        agreed_again=participant.agreed_again_at is not None,
        code=participant.code,
    )
    answered = [(trial, Judgment(trial.response.judgment)) for trial in trials.order_by("position")]
    context = describe_debriefing(study, answered, afterwards=afterwards)
    return render(request, "participant_site/debriefing.html", context)


@require_POST
@on_step(Step.DEBRIEFING)
def agree_again(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Now that they know, their answers may be kept, or they are led to where they are deleted."""
    slug = participant.study.slug
    if request.POST.get("keep") != "yes":
        return redirect("rater:withdraw", slug)
    participation.agree_again(participant, now=read_clock(participant))
    return redirect("rater:debriefing", slug)


def describe_debriefing(
    study: Study, answered: Iterable[tuple[Trial, Judgment]], *, afterwards: Afterwards
) -> dict[str, object]:
    """What the debriefing shows, from each trial and the judgment of it; the preview shows the same."""
    answers = list(answered)
    score = count_score((trial.stimulus.source, judgment) for trial, judgment in answers)
    return {
        "study": study,
        "texts": [_describe_text(trial, judgment, language=study.language) for trial, judgment in answers],
        "score": score if study.shows_score else None,
        "ending": afterwards.ending,
        "afterwards": afterwards,
        "site_url": settings.SITE_URL,
    }


def _describe_text(trial: Trial, judgment: Judgment, *, language: str) -> ReadText:
    article = trial.stimulus.item.article
    is_model = trial.stimulus.arm_id is not None
    if trial.beside is not None:
        first = "model" if trial.first == "model" else "human"
        writer = _("the first text") if first == "model" else _("the second text")
        said = PAIR_LABELS[find_choice(judgment, first=first)]
    else:
        human = _("a stand-in for a person") if article.stand_in else _("a person")
        writer, said = _("a language model") if is_model else human, LABELS[judgment]
    has_link = trial.beside is not None or not is_model  # to the human article, where it was read
    return ReadText(
        title=article.title,
        language=article.language or language,
        url=article.url if has_link else "",
        writer=writer,
        said=_(said),
    )
