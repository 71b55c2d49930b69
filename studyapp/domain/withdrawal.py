"""Until when somebody may have their answers deleted by themselves."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

LAST_OF_A_DAY = timedelta(days=1, hours=12)  # after its midnight in UTC, when it is over everywhere on earth


@dataclass(frozen=True)
class WithdrawalTime:
    """`last_day`: None where nothing sets one: they are at work still, or the study has no such time."""

    is_open: bool
    last_day: date | None = None


def find_withdrawal_time(*, ended_at: datetime | None, days: int | None, now: datetime) -> WithdrawalTime:
    """`days` after the day (in UTC) on which they ended; the last day counts whole, wherever they are."""
    if ended_at is None or days is None:
        return WithdrawalTime(is_open=True)
    last_day = ended_at.astimezone(UTC).date() + timedelta(days=days)
    over = datetime.combine(last_day, time(), tzinfo=UTC) + LAST_OF_A_DAY
    return WithdrawalTime(is_open=now < over, last_day=last_day)
