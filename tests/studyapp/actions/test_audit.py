import pytest
from django.contrib.auth.models import User
from django.db import transaction

from studyapp.actions.audit import NOBODY, acting_as, record
from studyapp.actions.launch import close_study
from studyapp.models import AuditEntry
from tests.studyapp.study_rows import NOW, make_draft, make_launched

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
    assert acts == ["made_study", "selected_texts", "made_forms", "launched", "closed"]
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
