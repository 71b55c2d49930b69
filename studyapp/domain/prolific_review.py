"""What Prolific says of a submission against what we say of the participant, and what a hand has to do about it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from studyapp.domain import prolific_records as prolific

AUTOMATIC_APPROVAL = timedelta(days=21)  # after which Prolific approves what nobody has reviewed
URGENT_DAYS = 3
Kind = Literal["agrees", "settled", "under way", "needs a hand"]
COMPLETED, ENROLLED, SCREENED_OUT, WITHDRAWN = "completed", "enrolled", "screened_out", "withdrawn"
_PAID = (prolific.APPROVED, prolific.PARTIALLY_APPROVED)


@dataclass(frozen=True)
class Pair:
    """A submission beside our participant; `ours` is the participant's status, empty where we know nobody.

    `person` is the keyed hash of who it is, equal for two submissions of one person. `asked` and `ask_state` are what
    staff asked Prolific for last, and what came of it.
    """

    theirs: str
    ours: str
    code: str = ""
    completion_code: str = ""
    completed_at: datetime | None = None
    return_requested: bool = False
    person: str = ""
    asked: str = ""
    ask_state: str = ""


@dataclass(frozen=True)
class Verdict:
    """`kind` sorts the row, `message` says what is the matter and what to do; the rest is what may be asked for."""

    kind: Kind
    message: str
    may_approve: bool = False
    may_request_return: bool = False
    days_left: int | None = None

    @property
    def needs_hand(self) -> bool:
        return self.kind == "needs a hand"


def review(pairs: Sequence[Pair], *, now: datetime) -> list[Verdict]:
    """A verdict for each, in their order. A person who came twice needs a hand in both rows."""
    times = Counter(pair.person for pair in pairs if pair.person and pair.theirs != prolific.RETURNED)
    return [_judge(pair, is_double=times[pair.person] > 1, now=now) for pair in pairs]


def count_days_left(completed_at: datetime | None, *, now: datetime) -> int | None:
    """Whole days until Prolific approves an unreviewed submission by itself."""
    if completed_at is None:
        return None
    return max(0, (completed_at + AUTOMATIC_APPROVAL - now).days)


def _judge(pair: Pair, *, is_double: bool, now: datetime) -> Verdict:
    if pair.ask_state == "unknown":
        return Verdict(
            "needs a hand",
            f"Prolific did not answer when it was asked to {pair.asked}. It may have done it: read its submissions "
            "again before you ask once more.",
            days_left=_days_left(pair, now),
        )
    if is_double and pair.theirs not in _PAID:
        return Verdict(
            "needs a hand",
            "The same person has more than one submission. Look at both before you approve either.",
            may_approve=pair.theirs == prolific.AWAITING_REVIEW,
            may_request_return=_may_return(pair),
            days_left=_days_left(pair, now),
        )
    if pair.theirs == prolific.AWAITING_REVIEW:
        return _judge_handed_in(pair, now)
    if pair.theirs in (prolific.RESERVED, prolific.ACTIVE):
        return _judge_at_work(pair)
    return _judge_ended(pair)


def _judge_handed_in(pair: Pair, now: datetime) -> Verdict:
    days = _days_left(pair, now)
    if pair.asked == "approve" and pair.ask_state == "sent":
        return Verdict("under way", "Asked to approve; Prolific has not said yet that it is done.", days_left=days)
    if pair.ours == COMPLETED and pair.code == pair.completion_code:
        return Verdict("agrees", "Completed here, with the right code.", may_approve=True, days_left=days)
    if pair.ours == COMPLETED:
        came = "without a code" if pair.code in ("", prolific.NO_CODE) else f"with the code {pair.code}, not ours"
        message = f"Completed here, but came back {came}. Every answer is here: approve it."
        return Verdict("needs a hand", message, may_approve=True, days_left=days)
    if pair.return_requested:
        return Verdict("under way", "Asked to return; the participant has not done so yet.", True, False, days)
    messages = {
        "": "Handed in there, and unknown here. Ask the participant what happened, or ask for a return.",
        ENROLLED: "Handed in there, and not finished here. They may come back and finish; else ask for a return.",
        "dropped_out": "Handed in there, and stopped here before the end. Ask for a return, or approve it anyway.",
        SCREENED_OUT: "Screened out here. Ask for a return; a screen-out may never be rejected.",
        WITHDRAWN: "Withdrew here, and their answers are deleted. Approve it, or ask for a return.",
    }
    message = messages.get(pair.ours, f"Handed in there, and {pair.ours.replace('_', ' ')} here. Decide by hand.")
    return Verdict("needs a hand", message, may_approve=True, may_request_return=True, days_left=days)


def _judge_at_work(pair: Pair) -> Verdict:
    if pair.ours == COMPLETED:
        return Verdict("under way", "Completed here, and not handed in there yet.")
    if pair.theirs == prolific.ACTIVE and pair.ours in (SCREENED_OUT, WITHDRAWN) and not pair.return_requested:
        word = "Screened out" if pair.ours == SCREENED_OUT else "Withdrew"
        return Verdict("needs a hand", f"{word} here, and still at work there: ask for a return.", False, True)
    where = {"": "not here yet", ENROLLED: "at work here"}.get(pair.ours, f"{pair.ours.replace('_', ' ')} here")
    return Verdict("under way", f"At work there, {where}.")


def _judge_ended(pair: Pair) -> Verdict:
    if pair.theirs in _PAID:
        if pair.ours == COMPLETED:
            return Verdict("settled", "Completed here and paid there.")
        return Verdict("settled", f"Paid there; {pair.ours.replace('_', ' ') or 'unknown'} here.")
    if pair.theirs in prolific.ENDED_BEFORE_HANDING_IN and pair.ours == COMPLETED:
        how = "returned" if pair.theirs == prolific.RETURNED else "ran out of time"
        return Verdict(
            "needs a hand",
            f"Completed here, but {how} there, so they are not paid. Their answers are here: a bonus can pay them.",
        )
    if pair.theirs == prolific.REJECTED:
        message = "Rejected on Prolific's own pages. Byline never rejects; see whether Prolific's policy allows it."
        return Verdict("needs a hand" if pair.ours == COMPLETED else "settled", message)
    if pair.theirs == prolific.SCREENED_OUT:
        if pair.ours == COMPLETED:
            return Verdict("needs a hand", "Completed here, but screened out there. A bonus can pay the difference.")
        return Verdict("settled", "Screened out there.")
    if pair.theirs in prolific.ENDED_BEFORE_HANDING_IN:
        how = "Returned" if pair.theirs == prolific.RETURNED else "Ran out of time"
        return Verdict("settled", f"{how} there; {pair.ours.replace('_', ' ') or 'unknown'} here.")
    return Verdict("needs a hand", f"Prolific calls it {pair.theirs}. Look at it on Prolific's own pages.")


def _may_return(pair: Pair) -> bool:
    return pair.theirs in (prolific.ACTIVE, prolific.AWAITING_REVIEW) and not pair.return_requested


def _days_left(pair: Pair, now: datetime) -> int | None:
    return count_days_left(pair.completed_at, now=now) if pair.theirs == prolific.AWAITING_REVIEW else None
