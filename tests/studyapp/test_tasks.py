"""The doorways of the queue: what they leave alone, what they name on the row, what they send again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError
from django.utils import timezone

from studyapp import outlasting, tasks
from studyapp.actions import blinding, generation, planning, rehearsal
from studyapp.actions.export import begin_report, export_study, request_report
from studyapp.actions.generation import claim_jobs, queue_jobs
from studyapp.domain.prices import parse_prices
from studyapp.domain.rehearsal_cast import Cast
from studyapp.models import Export, GenerationJob, Participant
from tests.generator.foreign_models import make_foreign, put_into_cache
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


@pytest.fixture
def server(settings):
    scripted = ScriptedServer()
    settings.OPENAI_URL, settings.OPENAI_KEY = scripted.url, "secret"
    yield scripted
    scripted.shutdown()
    scripted.server_close()


def write_first_job(**sections):
    job_id = queue_jobs(make_draft(arms=REMOTE_ARMS, **sections))[0]
    tasks.generate_article(job_id)
    return GenerationJob.objects.get(pk=job_id)


def test_an_arm_of_a_server_gets_its_texts_over_http(server):
    job = write_first_job()
    assert (job.state, job.error) == ("done", "")
    assert len(set(job.candidates.values_list("seed", flat=True))) == 2
    for candidate in job.candidates.all():
        assert candidate.text.endswith(f"Seed {candidate.seed % 2**31} ends.")
        assert (candidate.prompt_tokens, candidate.n_tokens) == (60, 123)
        assert candidate.model_version == "family/large-2026-01-31"
    assert {body["model"] for body in server.asked} == {"family/large"}
    assert set(server.paths) == {"/v1/chat/completions"}
    assert set(server.keys) == {"Bearer secret"}


def test_texts_outlast_a_database_that_is_away_for_a_moment(server, monkeypatch):
    monkeypatch.setattr(outlasting, "PAUSE_SECONDS", 0.0)
    store, faults = generation.store_candidates, [OperationalError("gone"), OperationalError("starting up")]

    def fail_twice(*arguments, **more):
        if faults:
            raise faults.pop()
        return store(*arguments, **more)

    monkeypatch.setattr(generation, "store_candidates", fail_twice)
    job = write_first_job()
    assert (job.state, job.error, job.candidates.count()) == ("done", "", 2)


def test_a_job_that_cannot_be_stored_for_very_long_is_left_to_the_sweep(server, monkeypatch):
    monkeypatch.setattr(outlasting, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(tasks, "outlast", lambda act: outlasting.outlast(act, patience=0.0))
    monkeypatch.setattr(
        generation, "store_candidates", lambda *_, **__: (_ for _ in ()).throw(OperationalError("gone"))
    )
    job = write_first_job()
    assert (job.state, job.error) == ("running", "")


def test_what_a_servers_texts_cost_stands_on_the_job(server, settings):
    settings.OPENAI_PRICES, settings.OPENAI_BUDGET = parse_prices("family/large=1000/10000"), Decimal(50)
    job = write_first_job()
    assert (job.prompt_tokens, job.completion_tokens) == (3 * 60, 3 * 123)
    assert job.cost == Decimal("3.87")


def test_a_job_that_its_studys_budget_does_not_hold_fails_and_spends_nothing(server, settings):
    settings.OPENAI_PRICES, settings.OPENAI_BUDGET = parse_prices("*=1000/10000"), Decimal("0.01")
    job = write_first_job()
    assert (job.state, job.cost, server.asked) == ("failed", 0, [])
    assert "BudgetExhaustedError: the budget of this study (0.01) holds 0.0100 yet" in job.error
    assert "raise BYLINE_OPENAI_BUDGET" in job.error


def test_a_budget_without_a_price_is_refused(server, settings):
    settings.OPENAI_BUDGET = Decimal(5)
    job = write_first_job()
    assert "family/large has no price: add family/large=IN/OUT to BYLINE_OPENAI_PRICES" in job.error
    assert server.asked == []


def test_a_cached_model_writes_and_its_commit_is_kept(settings, tmp_path):
    settings.HUGGING_FACE_CACHE = tmp_path / "cache"
    put_into_cache(tmp_path / "cache", "Family/tiny", make_foreign(tmp_path / "made", "pythia"), commit="f" * 40)
    arms = [{"name": name, "generator": f"huggingface:Family/{name}"} for name in ("tiny", "absent")]
    tiny, absent = queue_jobs(make_draft(arms=arms))[:2]
    for job_id in (tiny, absent):
        tasks.generate_article(job_id)
    job = GenerationJob.objects.get(pk=tiny)
    assert (job.state, job.error) == ("done", "")
    (version,) = set(job.candidates.values_list("model_version", flat=True))
    assert version.startswith("f" * 40)  # then what computed it
    assert "hf download Family/absent" in GenerationJob.objects.get(pk=absent).error


def test_whatever_else_goes_wrong_is_named_on_the_row_too(monkeypatch):
    def fail(orders, **_):
        raise KeyError("a fault of ours")

    monkeypatch.setattr(tasks, "write_orders", fail)
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
    claim_jobs(dead, now=timezone.now() - timedelta(minutes=10))
    claim_jobs(living, now=timezone.now())
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
    assert request_report(export, now=NOW)
    assert not request_report(export, now=NOW)  # it is under way
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


@pytest.fixture
def sent_plans(monkeypatch):
    """What the sweep sends: the task's name and the row's id."""
    sent = []
    for name in ("simulate_power", "rehearse", "audit_blinding"):
        monkeypatch.setattr(getattr(tasks, name), "delay", lambda row_id, name=name: sent.append((name, row_id)))
    return sent


def test_plans_rehearsals_and_audits_of_dead_workers_are_sent_again_once(sent_plans):
    study, now = make_launched(), timezone.now()
    run = planning.request_power(study, parameters=planning.assume_study(study), by=None, now=now)
    wanted = rehearsal.request_rehearsal(study, per_cell=1, seed=1, cast=Cast(), by=None, now=now)
    audit = blinding.request_audit(study, now=now)
    long_ago = now - timedelta(hours=1)
    planning.begin_power(run.pk, now=long_ago)
    rehearsal.begin_rehearsal(wanted.pk, now=long_ago)
    blinding.begin_audit(audit, now=long_ago)
    tasks.sweep_plans()
    tasks.sweep_plans()
    assert sent_plans == [("simulate_power", run.pk), ("rehearse", wanted.pk), ("audit_blinding", audit.pk)]
    planning.finish_power(run.pk, result={}, table="", picture="", now=now)
    planning.begin_power(run.pk, now=long_ago)  # it has ended: it stays so
    assert run.study.power_runs.get().state == "done"


def test_plans_rehearsals_and_audits_whose_messages_are_lost_are_sent_once_more(sent_plans):
    study, long_ago = make_launched(), timezone.now() - timedelta(hours=1)
    run = planning.request_power(study, parameters=planning.assume_study(study), by=None, now=long_ago)
    wanted = rehearsal.request_rehearsal(study, per_cell=1, seed=1, cast=Cast(), by=None, now=long_ago)
    audit = blinding.request_audit(study, now=long_ago)
    tasks.sweep_plans()
    tasks.sweep_plans()
    assert sent_plans == [("simulate_power", run.pk), ("rehearse", wanted.pk), ("audit_blinding", audit.pk)]


def test_a_report_whose_worker_died_or_whose_message_is_lost_is_sent_again_and_a_living_one_left(monkeypatch, tmp_path):
    sent = []
    monkeypatch.setattr(tasks.write_report, "delay", sent.append)
    export = export_study(make_launched(), folder=tmp_path, now=NOW)
    long_ago, now = timezone.now() - timedelta(minutes=10), timezone.now()
    request_report(export, now=long_ago)
    tasks.sweep_plans()
    tasks.sweep_plans()
    assert sent == [export.pk], "its message was lost"
    assert begin_report(export.pk, now=long_ago)
    tasks.sweep_plans()
    assert sent == [export.pk] * 2, "its worker died"
    assert begin_report(export.pk, now=now)
    assert begin_report(export.pk, now=now) is None, "delivered twice"
    tasks.sweep_plans()
    assert len(sent) == 2
