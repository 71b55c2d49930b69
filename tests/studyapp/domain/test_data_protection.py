import pytest

from studyapp.domain.data_protection import DataProtection, find_due
from tests.studyapp.study_rows import NOW


def test_what_the_page_cannot_tell_is_named():
    said = DataProtection(controller="The university", contact="dpo@example.org", legal_basis="consent")
    assert said.list_missing(has_ids=False) == []
    assert said.list_missing(has_ids=True) == ["how long the platform's ids are kept (keep_ids_days)"]
    assert len(DataProtection(controller=" ").list_missing(has_ids=True)) == 4


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("legal_basis", "because", r"^legal_basis: there is no 'because'; choose from consent, "),
        ("keep_ids_days", -1, r"^keep_ids_days: must be from 0"),
        ("keep_answers_days", 40_000, r"^keep_answers_days: must be from 0"),
    ],
)
def test_what_cannot_be_is_refused(key, value, message):
    with pytest.raises(ValueError, match=message):
        DataProtection(**{key: value})


def test_days_count_from_the_closing():
    assert find_due(closed_at=None, days=3) is None
    assert find_due(closed_at=NOW, days=None) is None
    assert find_due(closed_at=NOW, days=3) == NOW.replace(day=NOW.day + 3)
