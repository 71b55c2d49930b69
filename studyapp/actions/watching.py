"""What is kept of a running study beside its answers: arrivals as numbers, and reports of broken articles."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from studyapp.models import EntryTally, ProblemReport, Study, Trial
from studyapp.models.watching import EntryOutcome

MAX_PROBLEM = 1000  # characters


@transaction.atomic
def tally_entry(study: Study, outcome: EntryOutcome, *, simulated: bool, now: datetime) -> None:
    """Count one arrival's outcome on its day (UTC). Locks the day's row while it is raised."""
    row: dict[str, Any] = {"study": study, "day": now.date(), "outcome": outcome, "simulated": simulated}
    if not EntryTally.objects.filter(**row).update(n=F("n") + 1):
        EntryTally.objects.get_or_create(**row)
        EntryTally.objects.filter(**row).update(n=F("n") + 1)


def report_problem(trial: Trial, *, message: str, now: datetime) -> None:
    """Keep that a participant finds an article broken; the first report of a trial stands."""
    ProblemReport.objects.get_or_create(trial=trial, defaults={"message": message.strip()[:MAX_PROBLEM], "at": now})
