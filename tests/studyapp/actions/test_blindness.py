import random
from datetime import timedelta

import pytest

from studyapp.actions import participation
from studyapp.actions.blindness import StillBlindError, are_results_open, may_read_export, unblind
from studyapp.actions.export import export_study
from studyapp.actions.launch import close_study
from studyapp.models import AuditEntry
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db


def enrol(study, number=1, *, platform="prolific", now=NOW):
    arrival = Arrival(external_id=f"person-{number}")
    return participation.enrol(study, platform=platform, arrival=arrival, rng=random.Random(number), now=now)


def test_results_are_open_where_nobody_real_takes_part(tmp_path):
    assert are_results_open(make_draft(slug="draft"))
    study = make_launched()
    assert are_results_open(study)
    enrol(study, platform="simulated")
    assert are_results_open(study)
    assert export_study(study, folder=tmp_path, now=NOW).participants == 1


def test_with_the_first_person_the_study_is_blind_until_it_is_closed(tmp_path):
    study = make_launched()
    enrol(study)
    with pytest.raises(StillBlindError, match="Close the study, or unblind it"):
        export_study(study, folder=tmp_path, now=NOW)
    assert not list(tmp_path.iterdir())
    assert export_study(close_study(study, now=NOW), folder=tmp_path, now=NOW).participants == 1


def test_a_bundle_from_before_the_first_person_may_be_read_and_a_later_one_not(tmp_path):
    study = make_launched()
    enrol(study, 1, platform="simulated")
    rehearsal = export_study(study, folder=tmp_path, now=NOW)
    enrol(study, 2, now=NOW + timedelta(hours=1))
    unblind(study, reason="a harm was reported")
    later = export_study(study, folder=tmp_path, now=NOW + timedelta(hours=2))
    assert may_read_export(rehearsal) and may_read_export(later)
    AuditEntry.objects.filter(act="unblinded").delete()
    assert may_read_export(rehearsal)
    assert not may_read_export(later)


def test_unblinding_needs_a_reason_and_is_written_down_once(tmp_path):
    study = make_launched()
    unblind(study, reason="nobody is there yet")
    assert not AuditEntry.objects.filter(act="unblinded").exists()
    enrol(study)
    with pytest.raises(StillBlindError, match="Say why"):
        unblind(study, reason="  ")
    for _ in range(2):
        unblind(study, reason=" a harm was reported ")
    entry = AuditEntry.objects.get(act="unblinded")
    assert (entry.reason, entry.detail) == ("a harm was reported", {"participants": 1})
    assert export_study(study, folder=tmp_path, now=NOW).participants == 1


def test_unblinding_one_study_opens_no_other():
    one, other = make_launched(slug="one"), make_launched(slug="other")
    enrol(one)
    enrol(other)
    unblind(one, reason="a harm was reported")
    assert are_results_open(one)
    assert not are_results_open(other)
