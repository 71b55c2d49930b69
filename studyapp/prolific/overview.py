"""What a study's Prolific page shows: each submission beside our participant, counts, and pay an hour."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from studyapp.domain import prolific_records as prolific
from studyapp.domain.prolific_pay import PayReport, report_pay
from studyapp.domain.prolific_review import URGENT_DAYS, Pair, Verdict, review
from studyapp.models import ProlificStudy, ProlificSubmission

_TIMED = (prolific.AWAITING_REVIEW, prolific.APPROVED, prolific.PARTIALLY_APPROVED)
KINDS = ("needs a hand", "agrees", "under way", "settled")


@dataclass(frozen=True)
class ReviewedRow:
    """A submission with its verdict."""

    submission: ProlificSubmission
    verdict: Verdict

    @property
    def is_urgent(self) -> bool:
        return self.verdict.days_left is not None and self.verdict.days_left <= URGENT_DAYS


def review_link(link: ProlificStudy, *, now: datetime) -> list[ReviewedRow]:
    """Every submission of a study; what needs a hand first, and of that what Prolific approves soonest."""
    rows = list(link.submissions.select_related("participant"))
    pairs = [_pair(row, completion_code=link.study.completion_code) for row in rows]
    reviewed = [
        ReviewedRow(submission=row, verdict=verdict) for row, verdict in zip(rows, review(pairs, now=now), strict=True)
    ]
    return sorted(reviewed, key=_urgency)


def count_kinds(rows: Sequence[ReviewedRow]) -> dict[str, int]:
    counts = Counter(row.verdict.kind for row in rows)
    return {kind: counts.get(kind, 0) for kind in KINDS}


def find_unmatched(link: ProlificStudy) -> int:
    """Participants of ours, from Prolific, whose submission it has not shown us."""
    known = link.submissions.exclude(participant=None).values("participant")
    return link.study.participants.filter(simulated=False).exclude(pk__in=known).count()


def measure_pay(link: ProlificStudy) -> PayReport | None:
    """Pay an hour, by the times that Prolific measured of those who handed in."""
    seconds = link.submissions.filter(status__in=_TIMED).exclude(seconds=None).values_list("seconds", flat=True)
    return report_pay(reward=link.reward, currency=link.currency, seconds=list(seconds))


def _pair(row: ProlificSubmission, *, completion_code: str) -> Pair:
    return Pair(
        theirs=row.status,
        ours=row.participant.status if row.participant else "",
        code=row.code,
        completion_code=completion_code,
        completed_at=row.completed_at,
        return_requested=row.return_requested_at is not None,
        person=row.person,
        asked=row.asked,
        ask_state=row.ask_state,
    )


def _urgency(row: ReviewedRow) -> tuple[int, int, int]:
    days = row.verdict.days_left
    return KINDS.index(row.verdict.kind), 10_000 if days is None else days, row.submission.pk
