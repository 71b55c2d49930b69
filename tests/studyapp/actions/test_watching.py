import random
from datetime import UTC, datetime

import pytest

from studyapp.actions import participation
from studyapp.actions.watching import MAX_PROBLEM, report_problem, tally_entry
from studyapp.models import EntryTally, ProblemReport
from studyapp.models.watching import EntryOutcome
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db


def test_outcomes_are_numbers_by_day_and_simulated_ones_apart():
    study = make_launched()
    late, early = datetime(2026, 5, 4, 23, 59, tzinfo=UTC), datetime(2026, 5, 5, 0, 1, tzinfo=UTC)
    for now in (late, late, early):
        tally_entry(study, EntryOutcome.OPENED, simulated=False, now=now)
    tally_entry(study, EntryOutcome.OPENED, simulated=True, now=late)
    tally_entry(study, EntryOutcome.DECLINED, simulated=False, now=late)
    rows = EntryTally.objects.order_by("day", "outcome", "simulated").values_list("day", "outcome", "simulated", "n")
    assert [(day.day, outcome, simulated, n) for day, outcome, simulated, n in rows] == [
        (4, "declined", False, 1), (4, "opened", False, 2), (4, "opened", True, 1), (5, "opened", False, 1),
    ]  # fmt: skip


def test_a_report_is_kept_once_for_a_trial_and_goes_when_the_participant_withdraws():
    study = make_launched()
    arrival = Arrival(external_id="person-1")
    person = participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(1), now=NOW)
    trial = person.trials.first()
    report_problem(trial, message=" it ends in the middle ", now=NOW)
    report_problem(trial, message="again", now=NOW)
    report_problem(person.trials.last(), message="x" * 5000, now=NOW)
    assert ProblemReport.objects.get(trial=trial).message == "it ends in the middle"
    assert len(ProblemReport.objects.exclude(trial=trial).get().message) == MAX_PROBLEM
    participation.withdraw(person, now=NOW)
    assert not ProblemReport.objects.exists()
