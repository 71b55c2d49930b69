import pytest

from studyapp.actions.planning import assume_study
from tests.studyapp.study_rows import make_draft

pytestmark = pytest.mark.django_db


def test_a_plan_begins_with_what_a_participant_reads_of_the_pool():
    assert assume_study(make_draft(n_items=8))["shown"] == 8
    assert assume_study(make_draft(n_items=8, slug="pool", articles={"shown": 4}))["shown"] == 4
