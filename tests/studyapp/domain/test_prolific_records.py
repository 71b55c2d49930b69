"""Prolific's answers as values: the list and the single submission name the same things differently."""

from datetime import UTC, datetime

import pytest

from studyapp.domain.prolific_records import UnreadableRecordError, read_study, read_submission

LISTED = {
    "id": "6" * 24, "participant_id": "5" * 24, "status": "AWAITING REVIEW", "started_at": "2026-07-01T10:00:00Z",
    "completed_at": "2026-07-01T10:30:30.5Z", "time_taken": 1830.2, "study_code": "C1A2B3", "is_complete": True,
    "bonus_payments": [150, 25.0], "return_requested": None,
}  # fmt: skip
SINGLE = {
    "id": "6" * 24, "participant": "5" * 24, "status": "AWAITING REVIEW", "started_at": "2026-07-01T10:00:00Z",
    "completed_at": "2026-07-01T10:30:30.5Z", "entered_code": "C1A2B3", "study_id": "4" * 24,
    "bonus_payments": [{"amount": 150}, {"amount": 25}],
}  # fmt: skip


def test_both_shapes_of_a_submission_read_the_same():
    listed, single = read_submission(LISTED), read_submission(SINGLE)
    for name in ("submission_id", "participant_id", "status", "code", "started_at", "bonuses", "seconds"):
        assert getattr(listed, name) == getattr(single, name), name
    assert (listed.code, listed.seconds, listed.bonuses) == ("C1A2B3", 1830, (150, 25))
    assert listed.started_at == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_the_participants_id_is_not_shown_in_a_repr():
    assert "5" * 24 not in repr(read_submission(LISTED))


@pytest.mark.parametrize("said", [{"status": "ACTIVE"}, {"id": "6" * 24}, {}])
def test_what_lacks_its_name_or_status_is_no_submission(said):
    with pytest.raises(UnreadableRecordError, match="has no"):
        read_submission(said)


def test_what_somebody_at_work_lacks_is_unknown():
    row = read_submission({"id": "a", "status": "RESERVED", "started_at": "soon", "completed_at": None})
    assert (row.started_at, row.seconds, row.code, row.bonuses) == (None, None, "", ())


def test_a_study_knows_its_codes_by_their_type():
    said = {
        "id": "4" * 24, "status": "UNPUBLISHED", "reward": 450.0, "total_cost": 2160.4,
        "completion_codes": [{"code": "A", "code_type": "COMPLETED"}, {"code": None, "code_type": "NO_CONSENT"}],
    }  # fmt: skip
    study = read_study(said)
    assert (study.codes, study.reward, study.cost, study.currency) == (
        {"COMPLETED": "A", "NO_CONSENT": ""}, 450, 2160, "GBP",
    )  # fmt: skip
    assert read_study({"id": "4", "status": "ACTIVE", "completion_code": "B"}).codes == {"COMPLETED": "B"}
