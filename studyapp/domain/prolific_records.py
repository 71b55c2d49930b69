"""What Prolific says of a study and of a submission, read into plain values, with its statuses as it spells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Of submissions. Spaces and the hyphen are Prolific's own.
RESERVED = "RESERVED"
ACTIVE = "ACTIVE"
AWAITING_REVIEW = "AWAITING REVIEW"
APPROVED = "APPROVED"
PARTIALLY_APPROVED = "PARTIALLY APPROVED"
REJECTED = "REJECTED"
RETURNED = "RETURNED"
TIMED_OUT = "TIMED-OUT"
SCREENED_OUT = "SCREENED OUT"
UNKNOWN = "UNKNOWN"
SUBMISSION_STATUSES = (
    RESERVED, ACTIVE, AWAITING_REVIEW, APPROVED, PARTIALLY_APPROVED, REJECTED, RETURNED, TIMED_OUT, SCREENED_OUT,
    UNKNOWN,
)  # fmt: skip
ENDED_BEFORE_HANDING_IN = frozenset({RETURNED, TIMED_OUT})
NO_CODE = "NOCODE"  # what Prolific writes where somebody handed in without a code

# Of studies.
UNPUBLISHED = "UNPUBLISHED"
STUDY_TRANSITIONS: dict[str, tuple[str, ...]] = {
    # action: the statuses in which it can be asked for
    "PUBLISH": (UNPUBLISHED, "SCHEDULED"),
    "PAUSE": ("ACTIVE",),
    "START": ("PAUSED",),
    "STOP": ("ACTIVE", "PAUSED"),
}


class UnreadableRecordError(ValueError):
    """An answer of Prolific's lacks what every answer of its kind has."""


@dataclass(frozen=True)
class SubmissionRecord:
    """A submission. Amounts are in the currency's hundredths; `seconds` is Prolific's own measure of the time taken."""

    submission_id: str
    status: str
    participant_id: str = field(default="", repr=False)
    code: str = ""
    started_at: datetime | None = None
    completed_at: datetime | None = None
    seconds: int | None = None
    bonuses: tuple[int, ...] = ()
    return_requested_at: datetime | None = None
    study_id: str = ""


@dataclass(frozen=True)
class StudyRecord:
    """A study. `reward` and `cost` are in the currency's hundredths; codes are by their type."""

    study_id: str
    name: str
    status: str
    internal_name: str = ""
    places: int = 0
    places_taken: int = 0
    minutes: int = 0
    reward: int = 0
    currency: str = "GBP"
    external_study_url: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    cost: int | None = None


def read_submission(said: Mapping[str, Any]) -> SubmissionRecord:
    """A submission from an entry of the list or from its own address, which name the same things differently.

    Raises:
        UnreadableRecordError: it has no id or no status.
    """
    started, completed = read_moment(said.get("started_at")), read_moment(said.get("completed_at"))
    seconds = said.get("time_taken")
    if not isinstance(seconds, int | float):
        seconds = (completed - started).total_seconds() if started and completed else None
    return SubmissionRecord(
        submission_id=_require(said, "id"),
        status=_require(said, "status"),
        participant_id=str(said.get("participant_id") or said.get("participant") or ""),
        code=str(said.get("entered_code") or said.get("study_code") or ""),
        started_at=started,
        completed_at=completed,
        seconds=None if seconds is None or seconds < 0 else round(seconds),
        bonuses=tuple(_read_bonus(entry) for entry in said.get("bonus_payments") or ()),
        return_requested_at=read_moment(said.get("return_requested")),
        study_id=str(said.get("study_id") or ""),
    )


def read_study(said: Mapping[str, Any]) -> StudyRecord:
    """A study as Prolific shows it.

    Raises:
        UnreadableRecordError: it has no id or no status.
    """
    codes = said.get("completion_codes") or []
    by_type = {str(entry.get("code_type")): str(entry.get("code") or "") for entry in codes}
    if not by_type and said.get("completion_code"):
        by_type = {"COMPLETED": str(said["completion_code"])}
    cost = said.get("total_cost")
    return StudyRecord(
        study_id=_require(said, "id"),
        name=str(said.get("name") or ""),
        status=_require(said, "status"),
        internal_name=str(said.get("internal_name") or ""),
        places=int(said.get("total_available_places") or 0),
        places_taken=int(said.get("places_taken") or 0),
        minutes=int(said.get("estimated_completion_time") or 0),
        reward=round(said.get("reward") or 0),
        currency=str(said.get("presentment_currency_code") or said.get("currency_code") or "GBP"),
        external_study_url=str(said.get("external_study_url") or ""),
        codes=by_type,
        cost=None if cost is None else round(cost),
    )


def read_moment(value: Any) -> datetime | None:
    """A time with its zone; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _require(said: Mapping[str, Any], name: str) -> str:
    if not said.get(name):
        raise UnreadableRecordError(f"Prolific's answer has no {name}: {str(dict(said))[:120]}")
    return str(said[name])


def _read_bonus(entry: Any) -> int:
    """A bonus in hundredths; some answers give a number, some an object with its amount."""
    amount = entry.get("amount", 0) if isinstance(entry, Mapping) else entry
    return round(float(amount))
