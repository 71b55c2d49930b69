import pytest
from django.contrib.auth.models import User
from django.db import transaction

from studyapp.actions.audit import NOBODY, acting_as, record
from studyapp.actions.generation import queue_jobs, queue_more_candidates
from studyapp.actions.launch import close_study
from studyapp.actions.review import hash_texts, record_look
from studyapp.actions.selection import select_stimuli
from studyapp.models import AuditEntry, GenerationJob
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched

pytestmark = pytest.mark.django_db


def test_an_act_is_written_down_with_who_did_it():
    anna = User.objects.create_user("anna")
    study = make_draft()
    with acting_as(anna):
        entry = record(study, "unblinded", reason=" a harm was reported ", arms=3)
        with acting_as("manage.py close_study"):
            inner = record(study, "closed")
    assert (entry.by, entry.by_name, entry.reason, entry.detail) == (anna, "anna", "a harm was reported", {"arms": 3})
    assert (inner.by, inner.by_name) == (None, "manage.py close_study")
    assert record(study, "swept").by_name == NOBODY


def test_the_line_leaves_its_acts_and_they_outlive_study_and_account():
    anna = User.objects.create_user("anna")
    with acting_as(anna):
        study = make_launched()
        close_study(study, now=NOW)
        close_study(study, now=NOW)  # does nothing, so it writes nothing
    acts = list(AuditEntry.objects.order_by("id").values_list("act", flat=True))
    assert acts == [
        "imported_articles", "made_study", "queued_texts", "selected_texts", "made_forms", "launched", "closed",
    ]  # fmt: skip
    launched = AuditEntry.objects.get(act="launched")
    assert launched.detail["design_sha256"] == study.design_sha256
    assert any("control" in warning or "Items" in warning for warning in launched.detail["warnings"])
    study.participants.all().delete()
    study.places.all().delete()
    study.quiz_forms.all().delete()
    study.items.all().delete()
    study.delete()
    anna.delete()
    launched.refresh_from_db()
    assert (launched.study, launched.study_slug, launched.by, launched.by_name) == (None, "pilot", None, "anna")


def test_an_act_that_is_rolled_back_leaves_no_entry():
    study = make_draft()
    before = AuditEntry.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        record(study, "launched")
        raise RuntimeError("undone")
    assert AuditEntry.objects.count() == before


def test_imports_requests_for_texts_and_looks_are_written_down():
    study = make_draft(n_items=2)
    imported = AuditEntry.objects.get(act="imported_articles")
    assert (imported.study, imported.detail["imported"]) == (None, 3)
    finish_jobs(study)
    queue_jobs(study)  # nothing is missing, so nothing is written down
    select_stimuli(study)
    job = GenerationJob.objects.filter(arm__name="small").first()
    queue_more_candidates(job, n_more=3)
    anna, item = User.objects.create_user("anna"), study.items.first()
    for _ in range(2):
        record_look(item, texts_sha256=hash_texts(item), by=anna, now=NOW)
    entries = study.audit_entries.filter(act__in=("queued_texts", "asked_for_more", "looked_at_texts")).order_by("id")
    assert [(entry.act, entry.detail) for entry in entries] == [
        ("queued_texts", {"texts": 6, "failed_ones_again": 0, "candidates": 2}),
        ("asked_for_more", {"item": job.item.article.ref, "arm": "small", "candidates": 3}),
        ("looked_at_texts", {"item": item.article.ref}),
    ]
