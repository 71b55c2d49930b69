"""Submissions read from Prolific, and what staff ask of it about them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.utils import timezone

from studyapp.actions import prolific as actions
from studyapp.actions import prolific_bonuses, prolific_reviews, webhooks
from studyapp.models import ProlificStudy, ProlificSubmission, WebhookEvent
from studyapp.prolific import studies
from studyapp.prolific.client import MOST_APPROVED_AT_ONCE, ProlificClient
from studyapp.prolific.transport import (
    BadTokenError,
    NotFoundError,
    NothingDoneError,
    OutcomeUnknownError,
    ProlificError,
)

REFUSED = ProlificSubmission.AskState.REFUSED


@dataclass(frozen=True)
class Sent:
    """What came of asking: how many submissions it was sent for, how many were left out, and what went wrong."""

    sent: int = 0
    left_out: int = 0
    errors: tuple[str, ...] = ()


def sync_study(client: ProlificClient, link: ProlificStudy) -> int:
    """Read the study and all its submissions; how many there are. What fails is named on the link, and raised.

    Raises:
        ProlificError: not everything was read; what was read is stored.
    """
    read_at, n = timezone.now(), 0
    _refuse_deleted(link)
    try:
        studies.read_study(client, link)
        for said in client.list_submissions(link.remote_id):
            actions.store_submission(link, said, read_at=read_at)
            n += 1
    except ProlificError as error:
        actions.store_sync_end(link, now=timezone.now(), error=str(error))
        raise
    actions.match_arrivals(link)
    prolific_bonuses.find_payments(link, now=timezone.now())
    actions.store_sync_end(link, now=timezone.now())
    return n


def read_submission(client: ProlificClient, link: ProlificStudy, submission_id: str) -> ProlificSubmission:
    read_at = timezone.now()
    _refuse_deleted(link)
    return actions.store_submission(link, client.get_submission(submission_id), read_at=read_at)


def take_event(client: ProlificClient, event: WebhookEvent) -> None:
    """Read what a webhook is about. Its own word is not believed: it may be late, or out of order.

    Raises:
        ProlificError: Prolific could not be read; the event waits.
    """
    outcome = "of no study of ours"
    if event.event_type.startswith("submission."):
        outcome = _take_submission_event(client, event.resource_id)
    elif link := ProlificStudy.objects.select_related("study").filter(remote_id=event.resource_id or "-").first():
        studies.read_study(client, link)
        outcome = "the study was read"
    webhooks.finish_event(event, outcome=outcome, now=timezone.now())


def _take_submission_event(client: ProlificClient, submission_id: str) -> str:
    read_at = timezone.now()
    try:
        said = client.get_submission(submission_id)
    except NotFoundError:
        return "Prolific does not know the submission"
    link = ProlificStudy.objects.select_related("study").filter(remote_id=said.study_id or "-").first()
    if link is None:
        return "of no study of ours"
    if link.study.ids_deleted_at:
        return "the ids of its study were deleted"
    actions.store_submission(link, said, read_at=read_at)
    return "the submission was read"


def _refuse_deleted(link: ProlificStudy) -> None:
    """Submissions are named by an id of Prolific's: once those of a study are deleted, none is fetched again."""
    if link.study.ids_deleted_at:
        raise NothingDoneError(
            f"The platform's ids of this study were deleted on {link.study.ids_deleted_at:%Y-%m-%d}, as it says of "
            "itself, so no submission is read any more."
        )


def approve(client: ProlificClient, link: ProlificStudy, submission_pks: Sequence[int], *, now: datetime) -> Sent:
    """Ask for approval, once each. That it is done shows when the submissions are read next."""
    rows = prolific_reviews.claim_submissions(link, submission_pks, ask=prolific_reviews.APPROVE, now=now)
    errors, sent = [], 0
    for start in range(0, len(rows), MOST_APPROVED_AT_ONCE):
        group = rows[start : start + MOST_APPROVED_AT_ONCE]
        error = _ask(group, partial(_approve_ids, client, [row.submission_id for row in group]))
        errors.extend([error] if error else [])
        sent += 0 if error else len(group)
    return Sent(sent=sent, left_out=len(set(submission_pks)) - len(rows), errors=tuple(map(str, errors)))


def request_return(
    client: ProlificClient, link: ProlificStudy, submission_pks: Sequence[int], *, reason: str, now: datetime
) -> Sent:
    """Ask the participants to return, once each: every asking is a message to somebody."""
    asked = prolific_reviews.REQUEST_RETURN
    rows = prolific_reviews.claim_submissions(link, submission_pks, ask=asked, reason=reason, now=now)
    errors, sent = [], 0
    for number, row in enumerate(rows, start=1):
        error = _ask([row], partial(client.request_return, row.submission_id, reasons=[reason]))
        errors.extend([error] if error else [])
        sent += not error
        if isinstance(error, BadTokenError | NothingDoneError):  # the others would fare no better
            prolific_reviews.store_outcome(rows[number:], state=REFUSED, message="Not asked: the one before failed.")
            break
    return Sent(sent=sent, left_out=len(set(submission_pks)) - len(rows), errors=tuple(map(str, errors)))


def look_again(client: ProlificClient, row: ProlificSubmission) -> None:
    """After an unknown outcome: read the submission, and let it be asked for again where it was not done."""
    read = read_submission(client, row.link, row.submission_id)
    if read.ask_state == ProlificSubmission.AskState.UNKNOWN:
        prolific_reviews.clear_doubt(read)


def _ask(rows: Sequence[ProlificSubmission], call: Callable[[], None]) -> ProlificError | None:
    """Make a call that was claimed, and keep what came of it."""
    try:
        call()
    except OutcomeUnknownError as error:
        message = f"{error} Whether it was done is unknown: read the submissions again."
        prolific_reviews.store_outcome(rows, state=ProlificSubmission.AskState.UNKNOWN, message=message)
        return OutcomeUnknownError(message)
    except ProlificError as error:
        prolific_reviews.store_outcome(rows, state=REFUSED, message=str(error))
        return error
    prolific_reviews.store_outcome(rows, state=ProlificSubmission.AskState.SENT)
    return None


def _approve_ids(client: ProlificClient, ids: Sequence[str]) -> None:
    if len(ids) == 1:
        client.transition_submission(ids[0], "APPROVE")
    else:
        client.approve_all(ids)
