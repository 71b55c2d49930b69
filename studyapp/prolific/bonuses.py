"""Bonuses paid through Prolific: set up, looked at, paid once; a doubt is settled by reading, never by paying again."""

from collections.abc import Sequence
from datetime import datetime

from studyapp.actions import prolific_bonuses as actions
from studyapp.models import ProlificBonusBatch, ProlificStudy
from studyapp.prolific.client import ProlificClient
from studyapp.prolific.submissions import read_submission
from studyapp.prolific.transport import NothingDoneError, OutcomeUnknownError, ProlificError, RefusedError

State = ProlificBonusBatch.State


def prepare(
    client: ProlificClient,
    link: ProlificStudy,
    submission_pks: Sequence[int],
    *,
    purpose: str,
    amount: int,
    now: datetime,
) -> ProlificBonusBatch:
    """Set bonuses up on Prolific, which pays nobody yet but says what it would cost.

    Raises:
        BonusRefusedError, ProlificError: nothing was set up that anybody could be paid by.
    """
    batch = actions.reserve_bonuses(link, submission_pks, purpose=purpose, amount=amount, now=now)
    try:
        made = client.set_up_bonuses(link.remote_id, actions.list_amounts(batch))
    except ProlificError as error:  # also where no answer came: what is set up and not paid costs nothing
        actions.release(batch, message=f"{error} Nobody was paid.")
        raise
    actions.store_set_up(batch, remote_id=made.batch_id, charged=made.charged)
    batch.refresh_from_db()
    return batch


def pay(client: ProlificClient, batch: ProlificBonusBatch, *, now: datetime) -> bool:
    """Ask Prolific to pay a batch that is set up: once for ever. False where somebody has asked before.

    Raises:
        OutcomeUnknownError: it may have been paid; the batch says so, and waits for `look_again`.
        ProlificError: nobody was paid.
    """
    if not actions.begin_paying(batch, now=now):
        return False
    try:
        client.pay_bonuses(batch.remote_id)
    except OutcomeUnknownError as error:
        message = f"{error} Whether it was paid is unknown. It is not asked for again: look what Prolific shows."
        actions.store_payment(batch, state=State.UNKNOWN, message=message)
        raise OutcomeUnknownError(message) from None
    except NothingDoneError as error:
        actions.store_payment(batch, state=State.SET_UP, message=f"{error} Nobody was paid.")
        raise
    except ProlificError as error:
        actions.release(batch, message=f"{error} Nobody was paid.")
        raise RefusedError(f"{error} Nobody was paid.") from None
    actions.store_payment(batch, state=State.ACCEPTED)
    return True


def look_again(client: ProlificClient, batch: ProlificBonusBatch, *, now: datetime) -> ProlificBonusBatch:
    """Read the batch's submissions, and mark the bonuses that Prolific shows as paid."""
    for bonus in batch.bonuses.filter(seen_paid_at=None).select_related("submission"):
        read_submission(client, batch.link, bonus.submission.submission_id)
    actions.find_payments(batch.link, now=now)
    batch.refresh_from_db()
    return batch


def give_up(batch: ProlificBonusBatch, *, reason: str) -> bool:
    """Staff say that a batch was not paid, or is not to be: its people may then be paid in another.

    An unknown outcome asks for a reason, which is kept: whoever gives it has looked on Prolific's own pages.
    """
    if batch.state == State.UNKNOWN and len(reason.strip()) < 10:
        raise actions.BonusRefusedError("Say in words how you know that Prolific has not paid it; it is kept.")
    if batch.state not in (State.RESERVED, State.SET_UP, State.UNKNOWN):
        return False
    return actions.release(batch, message=reason.strip() or "Given up before it was paid.")
