import pytest

from studyapp.actions.generation import GenerationRefusedError, claim_jobs, queue_jobs, queue_more_candidates
from studyapp.actions.generation_queue import cancel_queued_jobs, retry_failed_jobs
from studyapp.models import AuditEntry, GenerationJob
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched

pytestmark = pytest.mark.django_db


def test_failed_jobs_are_tried_again_of_one_arm_or_of_all():
    study = make_draft(n_items=2)
    queue_jobs(study)
    GenerationJob.objects.update(state="failed", error="no such model", attempts=5)
    small = study.arms.get(name="small")
    ids = retry_failed_jobs(study, arm=small)
    assert ids == list(GenerationJob.objects.filter(arm=small).values_list("id", flat=True))
    assert set(GenerationJob.objects.filter(arm=small).values_list("state", "error", "attempts")) == {("queued", "", 0)}
    assert GenerationJob.objects.filter(state="failed").count() == 4
    assert len(retry_failed_jobs(study)) == 4
    assert retry_failed_jobs(study) == []
    details = list(AuditEntry.objects.filter(act="retried_jobs").order_by("id").values_list("detail", flat=True))
    assert details == [{"jobs": 2, "arm": "small"}, {"jobs": 4, "arm": "all"}]


def test_what_waits_is_taken_back_and_what_is_being_written_is_kept():
    study = make_draft(n_items=2)
    running = queue_jobs(study)[0]
    claim_jobs(running, now=NOW)
    assert cancel_queued_jobs(study, arm=study.arms.get(name="large")) == 2
    assert cancel_queued_jobs(study) == 3
    assert list(GenerationJob.objects.values_list("id", "state")) == [(running, "running")]
    assert cancel_queued_jobs(study) == 0
    assert AuditEntry.objects.filter(act="cancelled_jobs").count() == 2
    assert len(queue_jobs(study)) == 5  # they can be queued again


def test_a_job_with_texts_keeps_them_and_one_that_has_cost_money_stays():
    study = make_draft(n_items=2)
    finish_jobs(study)
    first, second = GenerationJob.objects.filter(arm__name="small")
    queue_more_candidates(first, n_more=3)
    second.candidates.all().delete()
    GenerationJob.objects.filter(pk=second.pk).update(state="queued", cost="0.1")
    assert cancel_queued_jobs(study) == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.candidates_wanted, first.candidates.count()) == ("done", 2, 2)
    assert (second.state, str(second.cost)) == ("failed", "0.100000")
    assert "stopped by hand" in second.error


def test_nothing_is_queued_or_taken_back_after_launch():
    study = make_launched()
    for act in (retry_failed_jobs, cancel_queued_jobs):
        with pytest.raises(GenerationRefusedError, match="its texts are frozen"):
            act(study)
