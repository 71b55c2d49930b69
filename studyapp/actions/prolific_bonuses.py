"""Bonuses: a row for each before Prolific is asked, so that nobody is paid twice for one purpose.

reserved → set up → paying → accepted → paid; `unknown` where no answer came to the paying, resolved by reading what
Prolific shows as paid; `refused` frees its people to be paid in another batch.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from studyapp.actions.audit import record
from studyapp.domain.prolific_records import APPROVED, AWAITING_REVIEW, PARTIALLY_APPROVED, RETURNED, TIMED_OUT
from studyapp.models import ProlificBonus, ProlificBonusBatch, ProlificStudy, ProlificSubmission

MOST_IN_A_BATCH = 200
MOST_BONUS = 100_00  # hundredths; a larger one is a slip of the hand
PAYING_IS_LOST_AFTER = timedelta(minutes=2)  # a process that died while it asked
_PAYABLE = (APPROVED, PARTIALLY_APPROVED, AWAITING_REVIEW, RETURNED, TIMED_OUT)
State = ProlificBonusBatch.State


class BonusRefusedError(ValueError):
    """The bonuses cannot be; nothing was asked of Prolific."""


@transaction.atomic
def reserve_bonuses(
    link: ProlificStudy, submission_pks: Sequence[int], *, purpose: str, amount: int, now: datetime
) -> ProlificBonusBatch:
    """Rows for those who have had no bonus of this purpose. Locks the link, so that two clicks come one after another.

    Raises:
        BonusRefusedError: nobody is left, or the amount or the purpose is none.
    """
    link = ProlificStudy.objects.select_for_update().select_related("study").get(pk=link.pk)
    purpose = " ".join(purpose.split())
    if not purpose or len(purpose) > 60:
        raise BonusRefusedError("Say in at most 60 characters what the bonus is for: nobody gets two for one purpose.")
    if not 1 <= amount <= MOST_BONUS:
        raise BonusRefusedError(f"A bonus must be from 0.01 to {MOST_BONUS // 100}.00.")
    rows = list(
        link.submissions.filter(pk__in=submission_pks, status__in=_PAYABLE)
        .exclude(asked_bonuses__purpose=purpose)
        .order_by("id")[:MOST_IN_A_BATCH]
    )
    if not rows:
        raise BonusRefusedError(
            f"Nobody of them is left to pay for “{purpose}”: they have had it, it is under way, or they are at work."
        )
    batch = ProlificBonusBatch.objects.create(
        link=link, purpose=purpose, people=len(rows), amount=amount, created_at=now
    )
    ProlificBonus.objects.bulk_create(
        ProlificBonus(
            batch=batch, submission=row, purpose=purpose, amount=amount, seen_before=row.bonuses.count(amount)
        )
        for row in rows
    )
    record(link.study, "prepared_bonuses", reason=purpose, people=len(rows), amount=amount)
    return batch


def list_amounts(batch: ProlificBonusBatch) -> dict[str, int]:
    """The batch as Prolific wants it: hundredths by submission."""
    return dict(batch.bonuses.order_by("id").values_list("submission__submission_id", "amount"))


def store_set_up(batch: ProlificBonusBatch, *, remote_id: str, charged: int | None) -> None:
    ProlificBonusBatch.objects.filter(pk=batch.pk, state=State.RESERVED).update(
        state=State.SET_UP, remote_id=remote_id, charged=charged, message=""
    )


@transaction.atomic
def release(batch: ProlificBonusBatch, *, message: str) -> bool:
    """The batch was not paid, for certain: its people may be paid in another. Locks the batch."""
    batch = ProlificBonusBatch.objects.select_for_update().select_related("link__study").get(pk=batch.pk)
    if batch.state in (State.ACCEPTED, State.PAID, State.REFUSED):
        return False
    batch.state, batch.message = State.REFUSED, message
    batch.save(update_fields=["state", "message"])
    batch.bonuses.all().delete()
    record(batch.link.study, "released_bonuses", reason=message, purpose=batch.purpose, people=batch.people)
    return True


@transaction.atomic
def begin_paying(batch: ProlificBonusBatch, *, now: datetime) -> bool:
    """Take the right to ask for the payment, which is given once. Locks the batch."""
    batch = ProlificBonusBatch.objects.select_for_update().select_related("link__study").get(pk=batch.pk)
    if batch.state != State.SET_UP:
        return False
    batch.state, batch.asked_to_pay_at = State.PAYING, now
    batch.save(update_fields=["state", "asked_to_pay_at"])
    record(
        batch.link.study,
        "paid_bonuses",
        reason=batch.purpose,
        people=batch.people,
        amount=batch.amount,
        charged=batch.charged,
    )
    return True


def store_payment(batch: ProlificBonusBatch, *, state: str, message: str = "") -> None:
    """What came of the asking: accepted, unknown, or back to set up where Prolific was never reached."""
    ProlificBonusBatch.objects.filter(pk=batch.pk, state=State.PAYING).update(state=state, message=message)


@transaction.atomic
def find_payments(link: ProlificStudy, *, now: datetime) -> None:
    """Mark what Prolific shows as paid, from the submissions as they were read last. Locks the batches.

    A bonus is seen when its submission shows one more of that amount than it did before, beside those that other
    batches of the same amount account for.
    """
    batches = link.bonus_batches.select_for_update().filter(
        Q(state__in=[State.ACCEPTED, State.UNKNOWN])
        | Q(state=State.PAYING, asked_to_pay_at__lt=now - PAYING_IS_LOST_AFTER)
    )
    for batch in sorted(batches, key=lambda batch: (batch.state != State.ACCEPTED, batch.pk)):
        for bonus in batch.bonuses.filter(seen_paid_at=None).select_related("submission"):
            if bonus.submission.bonuses.count(bonus.amount) > bonus.seen_before + _count_later_seen(bonus):
                bonus.seen_paid_at = now
                bonus.save(update_fields=["seen_paid_at"])
        _settle(batch)


def _count_later_seen(bonus: ProlificBonus) -> int:
    """Bonuses of the same amount to the same submission, in other batches, seen since this one was reserved."""
    others = ProlificBonus.objects.filter(submission=bonus.submission, amount=bonus.amount).exclude(pk=bonus.pk)
    return others.filter(seen_paid_at__gt=bonus.batch.created_at).count()


def _settle(batch: ProlificBonusBatch) -> None:
    seen = batch.bonuses.exclude(seen_paid_at=None).count()
    if seen == batch.people:
        batch.state, batch.message = State.PAID, ""
    elif seen:
        batch.state, batch.message = State.ACCEPTED, f"{seen} of {batch.people} show as paid so far."
    elif batch.state != State.ACCEPTED:
        batch.state = State.UNKNOWN
        batch.message = batch.message or "The asking ended without an answer. None of it shows as paid so far."
    batch.save(update_fields=["state", "message"])


def list_payable(link: ProlificStudy, *, purpose: str) -> list[ProlificSubmission]:
    """The approved submissions that have had no bonus of a purpose."""
    return list(
        link.submissions.filter(status__in=[APPROVED, PARTIALLY_APPROVED]).exclude(asked_bonuses__purpose=purpose)
    )
