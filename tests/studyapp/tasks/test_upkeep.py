"""What the beat starts: it sends again what dead workers held, and leaves the living theirs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studyapp.actions import blinding, planning, rehearsal
from studyapp.actions.export import begin_report, export_study, request_report
from studyapp.actions.generation import claim_jobs, queue_jobs
from studyapp.celery import app
from studyapp.domain.rehearsal_cast import Cast
from studyapp.models import Participant
from studyapp.tasks.blinding import audit_blinding
from studyapp.tasks.export import write_report
from studyapp.tasks.generation import generate_article
from studyapp.tasks.planning import simulate_power
from studyapp.tasks.rehearsal import rehearse
from studyapp.tasks.upkeep import mark_dropouts, sweep_jobs, sweep_plans
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db


def test_tasks_keep_the_names_by_which_messages_in_a_queue_call_them():
    """A message outlives the version that sent it: a task may be added here, and none renamed."""
    app.loader.import_default_modules()
    known = {name.removeprefix("studyapp.tasks.") for name in app.tasks if name.startswith("studyapp.")}
    assert known >= {
        *("generate_article", "train_rung", "detect_texts", "write_report", "simulate_power", "rehearse"),
        *("audit_blinding", "sweep_jobs", "sweep_plans", "mark_dropouts", "purge"),
        *("sync_prolific", "sync_prolific_study", "take_webhook"),
    }
    assert not [name for name in known if "." in name], "a name with its module would change when the module does"
    beat = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {*beat, *app.conf.task_routes} <= set(app.tasks)


@pytest.fixture
def sent(monkeypatch):
    """The ids that would go to the broker, instead of going there."""
    ids = []
    monkeypatch.setattr(generate_article, "delay", ids.append)
    return ids


def test_the_sweep_sends_the_jobs_of_dead_workers_and_leaves_the_living_theirs(sent, monkeypatch):
    monkeypatch.setattr("studyapp.tasks.upkeep.count_messages", lambda queue: 5)
    dead, living, *_ = queue_jobs(make_draft())
    claim_jobs(dead, now=timezone.now() - timedelta(minutes=10))
    claim_jobs(living, now=timezone.now())
    sweep_jobs()
    assert sent == [dead]


def test_the_sweep_sends_waiting_jobs_again_when_the_broker_has_lost_their_messages(sent, monkeypatch):
    job_ids = queue_jobs(make_draft())
    monkeypatch.setattr("studyapp.tasks.upkeep.count_messages", lambda queue: 0)
    sweep_jobs()
    assert sent == job_ids


def test_places_of_the_silent_are_given_back():
    study = make_launched(targets={"dropout_minutes": 30})
    for minutes in (10, 40):
        seen = timezone.now() - timedelta(minutes=minutes)
        Participant.objects.create(study=study, enrolled_at=seen, last_seen_at=seen)
    mark_dropouts()
    assert list(Participant.objects.values_list("status", flat=True)) == ["enrolled", "dropped_out"]


@pytest.fixture
def sent_plans(monkeypatch):
    """What the sweep sends: the task's name and the row's id."""
    sent = []
    for task in (simulate_power, rehearse, audit_blinding):
        name = task.name.rpartition(".")[2]
        monkeypatch.setattr(task, "delay", lambda row_id, name=name: sent.append((name, row_id)))
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
    sweep_plans()
    sweep_plans()
    assert sent_plans == [("simulate_power", run.pk), ("rehearse", wanted.pk), ("audit_blinding", audit.pk)]
    planning.finish_power(run.pk, result={}, table="", picture="", now=now)
    planning.begin_power(run.pk, now=long_ago)  # it has ended: it stays so
    assert run.study.power_runs.get().state == "done"


def test_plans_rehearsals_and_audits_whose_messages_are_lost_are_sent_once_more(sent_plans):
    study, long_ago = make_launched(), timezone.now() - timedelta(hours=1)
    run = planning.request_power(study, parameters=planning.assume_study(study), by=None, now=long_ago)
    wanted = rehearsal.request_rehearsal(study, per_cell=1, seed=1, cast=Cast(), by=None, now=long_ago)
    audit = blinding.request_audit(study, now=long_ago)
    sweep_plans()
    sweep_plans()
    assert sent_plans == [("simulate_power", run.pk), ("rehearse", wanted.pk), ("audit_blinding", audit.pk)]


def test_a_report_whose_worker_died_or_whose_message_is_lost_is_sent_again_and_a_living_one_left(monkeypatch, tmp_path):
    sent = []
    monkeypatch.setattr(write_report, "delay", sent.append)
    export = export_study(make_launched(), folder=tmp_path, now=NOW)
    long_ago, now = timezone.now() - timedelta(minutes=10), timezone.now()
    request_report(export, now=long_ago)
    sweep_plans()
    sweep_plans()
    assert sent == [export.pk], "its message was lost"
    assert begin_report(export.pk, now=long_ago)
    sweep_plans()
    assert sent == [export.pk] * 2, "its worker died"
    assert begin_report(export.pk, now=now)
    assert begin_report(export.pk, now=now) is None, "delivered twice"
    sweep_plans()
    assert len(sent) == 2
