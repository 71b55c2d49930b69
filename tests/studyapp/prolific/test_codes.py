"""Which codes Prolific is told of: those of every end that the study gives one."""

import pytest

from studyapp.prolific.studies import list_codes
from tests.studyapp.study_rows import make_draft

pytestmark = pytest.mark.django_db


def test_every_declared_code_has_prolifics_type_and_an_end_told_by_a_link_has_none():
    study = make_draft(
        recruitment={
            "platform": "prolific",
            "completion_code": "C1AB",
            "hosts": ["lab.example.org"],
            "outcomes": {
                "no_consent": "C2AB", "screen_out": "C3AB", "failed_checks": "C4AB",
                "quota_full": "https://lab.example.org/full",
            },
        }
    )  # fmt: skip
    assert list_codes(study) == {
        "COMPLETED": "C1AB",
        "NO_CONSENT": "C2AB",
        "SCREENED_OUT": "C3AB",
        "FAILED_ATTENTION_CHECK": "C4AB",
    }
