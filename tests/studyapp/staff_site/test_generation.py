"""The queue of a study on its page: progress without a reload, another try, and taking back."""

import pytest

from studyapp.actions.generation import claim_jobs, queue_jobs
from studyapp.models import GenerationJob
from tests.studyapp.staff_site.staff_pages import page, read
from tests.studyapp.study_rows import NOW, make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_draft(n_items=2, slug="pilot")


def test_progress_is_told_as_numbers(admin_client, study):
    ids = queue_jobs(study)
    claim_jobs(ids[0], now=NOW)
    GenerationJob.objects.filter(pk=ids[1]).update(state="failed", error="no")
    facts = admin_client.get(page("generation_progress", "pilot")).json()
    assert facts["totals"] == {"queued": 4, "running": 1, "done": 0, "failed": 1}
    assert (facts["wanted"], facts["is_busy"], facts["pace"], facts["n_errors"]) == (6, True, None, 1)
    assert sum(counts["queued"] for counts in facts["arms"].values()) == 4
    assert set(facts["arms"]) == {"control", "small", "large"}


def test_failed_articles_of_one_arm_or_of_all_are_tried_again(admin_client, study, sent):
    queue_jobs(study)
    GenerationJob.objects.update(state="failed", error="no such model")
    address = page("study_generation", "pilot")
    shown = read(admin_client.get(address))
    assert shown.count("Try again") == 3 and "no such model" in shown
    admin_client.post(address, {"do": "retry", "arm": "small"})
    assert sorted(sent) == sorted(GenerationJob.objects.filter(arm__name="small").values_list("id", flat=True))
    admin_client.post(address, {"do": "retry"})
    assert len(set(sent)) == 6
    assert admin_client.post(address, {"do": "retry", "arm": "gone"}).status_code == 404


def test_what_waits_is_taken_back(admin_client, study, sent):
    address = page("study_generation", "pilot")
    admin_client.post(address)
    assert "Stop: take back what waits" in read(admin_client.get(address))
    shown = read(admin_client.post(address, {"do": "cancel", "arm": "large"}, follow=True))
    assert "2 waiting texts taken back" in shown and "Queue what is missing" in shown
    admin_client.post(address, {"do": "cancel"})
    assert not GenerationJob.objects.exists()
    assert "Nothing was done" in read(admin_client.post(address, {"do": "dance"}, follow=True))
