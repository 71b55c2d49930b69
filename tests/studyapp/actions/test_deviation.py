import random
from dataclasses import asdict

import pytest
from django.contrib.auth.models import User

from studyapp.actions import participation
from studyapp.actions.audit import acting_as
from studyapp.actions.deviation import deviate, list_deviations, read_current
from studyapp.actions.launch import close_study
from studyapp.actions.study import describe_study
from studyapp.domain.deviation import CHANGEABLE, DeviationRefusedError
from studyapp.domain.study_design import hash_design
from studyapp.models import AuditEntry, Study
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db


def test_every_key_that_may_change_is_one_of_the_study_file_and_comes_to_its_column():
    study = make_launched(debriefing={"withdrawal_days": 30})
    for key, rule in CHANGEABLE.items():
        before = read_current(study)[key]
        after = before + 1 if rule.is_number else "C1ABCDEF"
        deviate(study, {key: after}, reason="to see")
        study.refresh_from_db()
        section, name = key.split(".")
        assert asdict(describe_study(study))[section][name] == after, key
    deviate(study, {"debriefing.withdrawal_days": None}, reason="no last day any more")
    study.refresh_from_db()
    assert study.withdrawal_days is None


def test_a_change_leaves_the_frozen_design_and_its_hash_and_is_written_down():
    study = make_launched()
    anna = User.objects.create_user("anna")
    with acting_as(anna):
        deviate(study, {"targets.participants_per_cell": 5, "recruitment.reward": "USD 9"}, reason=" it takes longer ")
    changed = Study.objects.get()
    assert (changed.participants_per_cell, changed.reward) == (5, "USD 9")
    assert (changed.frozen_design, changed.design_sha256) == (study.frozen_design, hash_design(study.frozen_design))
    entry = AuditEntry.objects.get(act="deviation")
    assert (entry.by, entry.reason) == (anna, "it takes longer")
    assert entry.detail["changes"] == [
        {"key": "targets.participants_per_cell", "before": 3, "after": 5},
        {"key": "recruitment.reward", "before": "", "after": "USD 9"},
    ]
    assert [set(line) for line in list_deviations(changed)] == [{"at", "key", "before", "after", "reason"}] * 2
    assert "anna" not in str(list_deviations(changed))


def test_a_raised_target_lets_more_people_in():
    study = make_launched(n_items=2, targets={"participants_per_cell": 1})
    arrivals = [Arrival(external_id=f"person-{n}") for n in range(8)]

    def enrol(arrival):
        return participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(1), now=NOW)

    for arrival in arrivals[:6]:
        enrol(arrival)
    with pytest.raises(participation.EnrolmentRefusedError):
        enrol(arrivals[6])
    deviate(study, {"targets.participants_per_cell": 2}, reason="more were excluded than planned")
    assert enrol(arrivals[6])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"targets.participants_per_cell": 2}, "only go up"),
        ({"targets.participants_per_cell": 10**7}, "from 1 to 100000"),
        ({"recruitment.reward": "x" * 61}, "at most 60 characters"),
        ({"study.title": "Another"}, "cannot be changed after launch"),
    ],
)
def test_what_no_study_could_say_changes_nothing(changes, fault):
    study = make_launched()
    before = Study.objects.values().get()
    with pytest.raises(DeviationRefusedError, match=fault):
        deviate(study, changes, reason="to see")
    assert Study.objects.values().get() == before
    assert not AuditEntry.objects.filter(act="deviation").exists()


def test_prolific_keeps_needing_its_code():
    study = make_launched(recruitment={"platform": "prolific", "completion_code": "C1A2B3"})
    with pytest.raises(DeviationRefusedError, match="Prolific needs the code"):
        deviate(study, {"recruitment.completion_code": ""}, reason="to see")


def test_a_draft_is_changed_freely_and_a_closed_study_may_still_be_mended():
    with pytest.raises(DeviationRefusedError, match="draft"):
        deviate(make_draft(slug="draft"), {"recruitment.reward": "USD 9"}, reason="to see")
    study = close_study(make_launched(), now=NOW)
    deviate(study, {"texts.debriefing": "Thanks again."}, reason="a link was broken")
    assert Study.objects.get(slug="pilot").debriefing_text == "Thanks again."
