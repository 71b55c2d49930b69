"""What the buttons of a study's Prolific page do: each a function of the link and of what was posted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import QueryDict
from django.utils import timezone

from studyapp.actions import prolific as prolific_actions
from studyapp.actions import prolific_bonuses
from studyapp.domain.prolific_pay import write_amount
from studyapp.models import ProlificBonusBatch, ProlificStudy, ProlificSubmission, Study
from studyapp.prolific import bonuses, studies, submissions
from studyapp.prolific.desk import open_client
from studyapp.prolific.overview import measure_pay, review_link
from studyapp.prolific.submissions import Sent
from studyapp.prolific.transport import OutcomeUnknownError
from studyapp.staff_site.pages import find_row, is_row_id
from studyapp.staff_site.prolific_forms import RETURN_REASONS, BonusForm, DraftForm, LinkForm
from studyapp.tasks.prolific import send_sync
from studyapp.tasks.sending import QueueUnreachableError


@dataclass(frozen=True)
class Outcome:
    """What to tell: what was done, and what went wrong."""

    done: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Act:
    """A button; `needs_sure` where it pays, publishes or stops, and cannot be undone."""

    carry_out: Callable[[ProlificStudy, QueryDict, datetime], Outcome]
    needs_sure: bool = False


def draft(study: Study, form: DraftForm) -> str:
    with open_client() as client:
        try:
            studies.create_draft(client, study, form.read_wish(), now=timezone.now())
        except OutcomeUnknownError as error:
            raise studies.NotNowError(
                f"{error} A draft may have been made: open this page again and look for it."
            ) from None
    return "The draft is on Prolific, where nobody sees it before it is published."


def link_existing(study: Study, form: LinkForm) -> str:
    with open_client() as client:
        link = studies.link_study(client, study, form.read_id(), now=timezone.now())
    send_sync(link.pk)
    return "The study is linked; a worker reads its submissions."


def find_draft(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    with open_client() as client:
        found = studies.find_draft(client, link, now=now)
    return Outcome("The draft is there, and linked." if found else "There is no such draft; you can make one.")


def unlink(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    if prolific_actions.unlink(link.study):
        return Outcome("The link is forgotten. The study on Prolific stays as it is.")
    return Outcome(problems=("Not unlinked: people have come through this study, and their payment hangs on it.",))


def read_now(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    with open_client() as client:
        studies.read_study(client, link)
    send_sync(link.pk)
    return Outcome("The study was read; a worker reads its submissions. Open this page again in a moment.")


def transition(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    with open_client() as client:
        status = studies.transition(client, link, posted.get("action", ""))
    return Outcome(f"The study is {status} on Prolific.")


def approve_agreeing(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    """All that agree, as many as the page showed: with another number the researcher should look again."""
    pks = [row.submission.pk for row in review_link(link, now=now) if row.verdict.kind == "agrees"]
    if posted.get("number") != str(len(pks)):
        return Outcome(problems=(f"Nothing was done: by now {len(pks)} submissions agree. Look again.",))
    return _approve(link, pks, now=now)


def approve_ticked(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    may = {row.submission.pk for row in review_link(link, now=now) if row.verdict.may_approve}
    return _approve(link, _read_ticked(posted), now=now, may=may)


def _approve(link: ProlificStudy, pks: list[int], *, now: datetime, may: set[int] | None = None) -> Outcome:
    allowed = [pk for pk in pks if may is None or pk in may]
    with open_client() as client:
        sent = submissions.approve(client, link, allowed, now=now)
    outcome = _tell(sent, "Prolific was asked to approve {n}", left_out=len(pks) - len(allowed))
    return _read_after(link, outcome)


def request_return(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    reason = posted.get("reason", "")
    if reason not in RETURN_REASONS:
        return Outcome(problems=("Nothing was done: choose why they are asked to return.",))
    pks = _read_ticked(posted)
    may = {row.submission.pk for row in review_link(link, now=now) if row.verdict.may_request_return}
    allowed = [pk for pk in pks if pk in may]
    with open_client() as client:
        sent = submissions.request_return(client, link, allowed, reason=reason, now=now)
    outcome = _tell(sent, "A return was requested for {n}", left_out=len(pks) - len(allowed))
    return _read_after(link, outcome)


def look_again(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    row = find_row(ProlificSubmission.objects.select_related("link__study"), posted.get("look_again"), link=link)
    with open_client() as client:
        submissions.look_again(client, row)
    return Outcome("Read again. What Prolific does not show as done may now be asked for once more.")


def prepare_bonus(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    form = BonusForm(posted)
    if not form.is_valid():
        faults = "; ".join(f"{name}: {' '.join(errors)}" for name, errors in form.errors.items())
        return Outcome(problems=(f"No bonus was set up. {faults}",))
    pks = _read_ticked(posted)
    if not pks:
        return Outcome(problems=("No bonus was set up: tick who is to get it.",))
    return _prepare(link, pks, purpose=form.cleaned_data["purpose"], amount=form.read_amount(), now=now)


def prepare_topup(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    """The top-up that the median is due, to everybody who is approved and has had none."""
    pay, level = measure_pay(link), posted.get("level")
    amount = 0
    if pay is not None and level in ("minimum", "recommended"):
        amount = pay.topup_to_minimum if level == "minimum" else pay.topup_to_recommended
    if not amount:
        return Outcome(problems=("No top-up is due.",))
    pks = [row.pk for row in prolific_bonuses.list_payable(link, purpose="top-up")]
    return _prepare(link, pks, purpose="top-up", amount=amount, now=now)


def _prepare(link: ProlificStudy, pks: list[int], *, purpose: str, amount: int, now: datetime) -> Outcome:
    with open_client() as client:
        batch = bonuses.prepare(client, link, pks, purpose=purpose, amount=amount, now=now)
    left_out = f" {len(pks) - batch.people} were left out." if batch.people < len(pks) else ""
    charged = "" if batch.charged is None else f" Prolific will charge {link.currency} {write_amount(batch.charged)}."
    return Outcome(f"Set up for {batch.people}, and not paid yet.{charged}{left_out} Pay it below.")


def pay_bonus(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    batch = _find_batch(link, posted)
    with open_client() as client:
        if not bonuses.pay(client, batch, now=now):
            return Outcome(problems=("Not asked: these bonuses are not waiting to be paid.",))
    return _read_after(link, Outcome("Prolific has taken the order and pays within minutes."))


def look_at_bonus(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    with open_client() as client:
        batch = bonuses.look_again(client, _find_batch(link, posted), now=now)
    return Outcome(f"Read again: {batch.get_state_display()}.")


def give_up_bonus(link: ProlificStudy, posted: QueryDict, now: datetime) -> Outcome:
    if bonuses.give_up(_find_batch(link, posted), reason=posted.get("why", "")):
        return Outcome("Given up: its people may be paid in another batch.")
    return Outcome(problems=("Nothing was done: these bonuses are paid, or being paid.",))


def _find_batch(link: ProlificStudy, posted: QueryDict) -> ProlificBonusBatch:
    return find_row(ProlificBonusBatch.objects.select_related("link__study"), posted.get("batch"), link=link)


def _read_ticked(posted: QueryDict) -> list[int]:
    return [int(value) for value in posted.getlist("submission") if is_row_id(value)]


def _tell(sent: Sent, sentence: str, *, left_out: int) -> Outcome:
    left_out += sent.left_out
    why = f"{left_out} were left out: they are in another state, or were asked before." if left_out else ""
    done = sentence.format(n=f"{sent.sent} submission{'' if sent.sent == 1 else 's'}") + "." if sent.sent else ""
    if not (done or sent.errors or why):
        return Outcome(problems=("Nothing was done: tick the submissions that are meant.",))
    if not (done or sent.errors):
        return Outcome(problems=(f"Nothing was asked. {why}",))
    return Outcome(f"{done} {why}".strip() if done else "", sent.errors)


def _read_after(link: ProlificStudy, outcome: Outcome) -> Outcome:
    """Have the submissions read, so that what was asked for shows; the next sync does it where the queue is away."""
    try:
        send_sync(link.pk)
    except QueueUnreachableError as error:
        return Outcome(outcome.done, (*outcome.problems, str(error)))
    return outcome


BEFORE_LINK: dict[str, Callable[[Study, forms.Form], str]] = {"draft": draft, "link": link_existing}
ACTS = {
    "find-draft": Act(find_draft),
    "unlink": Act(unlink, needs_sure=True),
    "read": Act(read_now),
    "transition": Act(transition, needs_sure=True),
    "approve-agreeing": Act(approve_agreeing, needs_sure=True),
    "approve": Act(approve_ticked),
    "request-return": Act(request_return),
    "look-again": Act(look_again),
    "prepare-bonus": Act(prepare_bonus),
    "prepare-topup": Act(prepare_topup),
    "pay-bonus": Act(pay_bonus, needs_sure=True),
    "look-at-bonus": Act(look_at_bonus),
    "give-up-bonus": Act(give_up_bonus),
}
