"""What staff ask Prolific for about submissions: claimed before the call, and told what came of it afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from studyapp.actions.audit import record
from studyapp.domain import prolific_records as prolific
from studyapp.models import ProlificStudy, ProlificSubmission

_State = ProlificSubmission.AskState
APPROVE, REQUEST_RETURN = "approve", "request a return"
_ACTS = {APPROVE: "approved_on_prolific", REQUEST_RETURN: "requested_returns_on_prolific"}
_STATUSES = {APPROVE: (prolific.AWAITING_REVIEW,), REQUEST_RETURN: (prolific.ACTIVE, prolific.AWAITING_REVIEW)}
# An approval that Prolific took and did not show for so long may be asked for again: it ignores a second one.
APPROVAL_SHOWS_WITHIN = timedelta(minutes=30)


@transaction.atomic
def claim_submissions(
    link: ProlificStudy, submission_pks: Sequence[int], *, ask: str, reason: str = "", now: datetime
) -> list[ProlificSubmission]:
    """Those of the submissions for which this can be asked now, marked as asked, so that a second click finds none.

    Left out are those in another status on Prolific, and those that were asked already and not refused since. Locks
    the rows.
    """
    pending = Q(asked=ask, ask_state=_State.SENT)
    if ask == APPROVE:
        pending &= Q(asked_at__gt=now - APPROVAL_SHOWS_WITHIN)
    rows = list(
        link.submissions.select_for_update(of=("self",))
        .filter(pk__in=submission_pks, status__in=_STATUSES[ask])
        .exclude(pending)
        .exclude(ask_state=_State.UNKNOWN)
    )
    if ask == REQUEST_RETURN:
        rows = [row for row in rows if row.return_requested_at is None]
    # until an answer has come, the outcome is unknown: so it stays if this process dies
    link.submissions.filter(pk__in=[row.pk for row in rows]).update(
        asked=ask, asked_at=now, ask_state=_State.UNKNOWN, ask_message=""
    )
    if rows:
        codes = [row.participant.code if row.participant else "" for row in rows]
        record(link.study, _ACTS[ask], reason=reason, submissions=len(rows), participants=codes[:50])
    return rows


def store_outcome(rows: Sequence[ProlificSubmission], *, state: str, message: str = "") -> None:
    """What came of what was asked for."""
    ProlificSubmission.objects.filter(pk__in=[row.pk for row in rows]).update(ask_state=state, ask_message=message)


def clear_doubt(row: ProlificSubmission) -> None:
    """Prolific was read again after an unknown outcome and does not show it done, so it may be asked for again."""
    still_open = {APPROVE: Q(status=prolific.AWAITING_REVIEW), REQUEST_RETURN: Q(return_requested_at=None)}
    ProlificSubmission.objects.filter(still_open[row.asked], pk=row.pk, ask_state="unknown").update(
        ask_state=_State.REFUSED,
        ask_message="Read again: Prolific does not show it done.",
    )
