"""Queries that are written once say what the ORM says, whatever they are asked afterwards."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.sql.compiler import SQLCompiler

from studyapp.models import Participant, Response, Study, Trial
from studyapp.models.written_once import RowsOnce, UpdateOnce, moment, number, words
from tests.studyapp.study_rows import NOW, answer_all, enrol, make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    study = make_launched()
    first, second = enrol(study, "a"), enrol(study, "b")
    answer_all(first)
    return first, second


def test_rows_are_those_of_the_queryset_for_each_value(people):
    find = RowsOnce(Participant, lambda: Participant.objects.filter(study=number("study"), code=words("code")))
    for person in people:
        found = find.first(study=person.study_id, code=person.code)
        assert found == person
        fields = [field.attname for field in Participant._meta.concrete_fields]
        fresh = Participant.objects.get(pk=person.pk)
        assert [getattr(found, name) for name in fields] == [getattr(fresh, name) for name in fields]
    assert find.first(study=people[0].study_id, code="nobody") is None


def test_annotations_are_read_as_the_orm_reads_them(people):
    list_answers = RowsOnce(
        Trial,
        lambda: (
            Trial.objects.filter(participant=number("participant"))
            .order_by("position")
            .annotate(answered_at=F("response__answered_at"))
        ),
    )
    for person in people:
        wanted = list(person.trials.order_by("position").values_list("response__answered_at", flat=True))
        assert [trial.answered_at for trial in list_answers(participant=person.pk)] == wanted
    assert wanted == [None] * len(wanted)
    assert Response.objects.exists()


def test_an_update_changes_its_rows_alone_and_says_how_many(people):
    see = UpdateOnce(lambda: Participant.objects.filter(pk=number("pk")), last_seen_at=moment("now"))
    later = NOW + timedelta(hours=2)
    first, second = people
    assert see(pk=first.pk, now=later) == 1
    assert see(pk=0, now=later) == 0
    assert Participant.objects.get(pk=first.pk).last_seen_at == later
    assert Participant.objects.get(pk=second.pk).last_seen_at == NOW


def test_the_sql_is_written_at_the_first_call_alone(people, monkeypatch):
    written = []
    as_sql = SQLCompiler.as_sql
    monkeypatch.setattr(SQLCompiler, "as_sql", lambda self, *a, **k: written.append(1) or as_sql(self, *a, **k))
    find = RowsOnce(Study, lambda: Study.objects.filter(slug=words("slug")))
    for _ in range(3):
        assert find.first(slug=people[0].study.slug) == people[0].study
    assert len(written) == 1


def test_a_value_that_is_not_given_is_an_error():
    with pytest.raises(KeyError):
        RowsOnce(Study, lambda: Study.objects.filter(slug=words("slug"))).first()
