"""The doorways of the queue: what they leave alone, what they name on the row, what they send again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studyapp import tasks
from studyapp.actions.export import export_study, request_report
from studyapp.actions.generation import claim_job, queue_jobs
from studyapp.models import Export, GenerationJob, Participant
from tests.generator.scripted_server import ScriptedServer
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched

pytestmark = pytest.mark.django_db
REMOTE_ARMS = [{"name": "large", "generator": "openai-chat:family/large", "n_params": 10**9}]


@pytest.fixture
def sent(monkeypatch):
    """The ids that would go to the broker, instead of going there."""
    ids = []
    monkeypatch.setattr(tasks.generate_article, "delay", ids.append)
    return ids


def test_a_missing_checkpoint_is_named_on_the_row_with_what_to_do():
    job_id = queue_jobs(make_draft())[0]
    tasks.generate_article(job_id)
    job = GenerationJob.objects.get(pk=job_id)
    assert job.state == "failed"
    assert "no checkpoint at 'checkpoint:" in job.error
    assert "train it" in job.error


def test_an_arm_of_a_server_without_one_says_what_to_set():
    job_id = queue_jobs(make_draft(arms=REMOTE_ARMS))[0]
    tasks.generate_article(job_id)
    assert "set BYLINE_OPENAI_URL" in GenerationJob.objects.get(pk=job_id).error


def test_an_arm_of_a_server_gets_its_texts_over_http(settings):
    server = ScriptedServer()
    settings.OPENAI_URL, settings.OPENAI_KEY = server.url, "secret"
    job_id = queue_jobs(make_draft(arms=REMOTE_ARMS))[0]
    try:
        tasks.generate_article(job_id)
    finally:
        server.shutdown()
        server.server_close()
    job = GenerationJob.objects.get(pk=job_id)
    assert (job.state, job.error) == ("done", "")
    seeds = list(job.candidates.order_by("index").values_list("seed", flat=True))
    assert len(seeds) == 2
    for candidate in job.candidates.all():
        assert candidate.text.endswith(f"Seed {candidate.seed % 2**31} ends.")
    assert {body["model"] for body in server.asked} == {"family/large"}
    assert set(server.paths) == {"/v1/chat/completions"}
    assert set(server.keys) == {"Bearer secret"}


def test_whatever_else_goes_wrong_is_named_on_the_row_too(monkeypatch):
    def fail(order):
        raise KeyError("a fault of ours")

    monkeypatch.setattr(tasks, "write_order", fail)
    job_id = queue_jobs(make_draft())[0]
    tasks.generate_article(job_id)
    job = GenerationJob.objects.get(pk=job_id)
    assert (job.state, job.error) == ("failed", "KeyError: 'a fault of ours'")


def test_a_job_that_is_done_or_gone_is_left_alone():
    study = make_draft(n_items=2)
    finish_jobs(study)
    before = list(GenerationJob.objects.values())
    for job in before:
        tasks.generate_article(job["id"])
    tasks.generate_article(10**9)
    assert list(GenerationJob.objects.values()) == before


def test_the_sweep_sends_the_jobs_of_dead_workers_and_leaves_the_living_theirs(sent, monkeypatch):
    monkeypatch.setattr(tasks, "_count_messages", lambda queue: 5)
    dead, living, *_ = queue_jobs(make_draft())
    claim_job(dead, now=timezone.now() - timedelta(minutes=10))
    claim_job(living, now=timezone.now())
    tasks.sweep_jobs()
    assert sent == [dead]


def test_the_sweep_sends_waiting_jobs_again_when_the_broker_has_lost_their_messages(sent, monkeypatch):
    job_ids = queue_jobs(make_draft())
    monkeypatch.setattr(tasks, "_count_messages", lambda queue: 0)
    tasks.sweep_jobs()
    assert sent == job_ids


def test_a_bundle_that_is_no_more_fails_its_report_in_words(tmp_path, settings):
    settings.EXPORTS_DIR, settings.REPORTS_DIR = tmp_path / "exports", tmp_path / "reports"
    export = export_study(make_launched(), folder=settings.EXPORTS_DIR, now=NOW)
    export.bundle_path.unlink()
    assert request_report(export)
    assert not request_report(export)  # it is under way
    tasks.write_report(export.pk)
    export.refresh_from_db()
    assert export.report_state == Export.ReportState.FAILED
    assert export.file_name in export.report_error
    assert not export.report_dir.exists()


def test_places_of_the_silent_are_given_back():
    study = make_launched(targets={"dropout_minutes": 30})
    for minutes in (10, 40):
        seen = timezone.now() - timedelta(minutes=minutes)
        Participant.objects.create(study=study, enrolled_at=seen, last_seen_at=seen)
    tasks.mark_dropouts()
    assert list(Participant.objects.values_list("status", flat=True)) == ["enrolled", "dropped_out"]
