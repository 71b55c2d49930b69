"""The copy of a rehearsal: the same texts and forms, for simulated participants alone, and deleted whole."""

import random

import pytest

from studyapp.actions import participation
from studyapp.actions.export import export_study
from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.actions.rehearsal import RehearsalRefusedError, begin_rehearsal, delete_rehearsal, request_rehearsal
from studyapp.actions.selection import select_stimuli
from studyapp.domain.rehearsal_cast import Cast
from studyapp.models import AuditEntry, Candidate, GenerationJob, Participant, Rehearsal, Stimulus, Study, Trial
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched

pytestmark = pytest.mark.django_db


def begin(study, *, per_cell=2):
    wanted = request_rehearsal(study, per_cell=per_cell, seed=1, cast=Cast(), by=None, now=NOW)
    return begin_rehearsal(wanted.pk, now=NOW)


def list_texts(study):
    return set(Stimulus.objects.filter(item__study=study).values_list("item__article", "arm__name", "text", "sha256"))


def list_forms(study):
    return {
        (form.name, entry.item.article_id, entry.source)
        for form in study.quiz_forms.all()
        for entry in form.entries.all()
    }


def test_the_copy_has_the_same_texts_forms_and_rules_and_its_own_size():
    study = make_launched(n_items=5, recruitment={"platform": "prolific", "completion_code": "CABC123"})
    before = (GenerationJob.objects.count(), Candidate.objects.count())
    copy = begin(study).copy
    assert list_texts(copy) == list_texts(study)
    assert list_forms(copy) == list_forms(study)
    assert (copy.participants_per_cell, copy.seed, copy.state, copy.rehearsal_of) == (2, study.seed, "launched", study)
    assert (copy.platform, copy.completion_code) == ("anonymous", "")  # no platform hears of it
    assert copy.frozen_design["stimuli"] == study.frozen_design["stimuli"]
    assert GenerationJob.objects.count() == before[0] + 15  # one for each text that is shown
    assert Candidate.objects.count() == before[1] + 15
    study.refresh_from_db()
    assert (study.participants_per_cell, study.state) == (3, "launched")


def test_a_draft_with_its_texts_is_rehearsed_with_forms_of_the_copy():
    study = make_draft(n_items=4)
    finish_jobs(study)
    select_stimuli(study)
    copy = begin(study).copy
    assert copy.quiz_forms.count() == 2
    assert not study.quiz_forms.exists()
    forms = [(form.name, [entry.source for entry in form.entries.all()]) for form in make_quiz_forms(study)]
    assert forms == [(form.name, [e.source for e in form.entries.all()]) for form in copy.quiz_forms.all()]


def test_rehearsals_of_a_study_are_numbered_and_none_is_rehearsed_itself():
    study = make_launched(slug="a" * 60)
    first, second = begin(study).copy, begin(study).copy
    assert (first.slug, second.slug) == ("a" * 48 + "-rehearsal-1", "a" * 48 + "-rehearsal-2")
    with pytest.raises(RehearsalRefusedError, match="is a rehearsal itself"):
        begin(first)


@pytest.mark.parametrize("per_cell", [0, 501])
def test_impossible_numbers_are_refused(per_cell):
    with pytest.raises(RehearsalRefusedError, match="from 1 to 500"):
        begin(make_launched(), per_cell=per_cell)


def test_begun_again_it_goes_on_with_the_same_copy():
    rehearsal = begin(make_launched())
    again = begin_rehearsal(rehearsal.pk, now=NOW)
    assert again.copy == rehearsal.copy
    assert Study.objects.count() == 2


def test_nobody_real_can_enter():
    copy = begin(make_launched()).copy
    rng = random.Random(1)
    for platform, arrival in (("prolific", Arrival(external_id="x")), ("anonymous", Arrival(nonce="y"))):
        with pytest.raises(participation.EnrolmentRefusedError, match="only simulated"):
            participation.enrol(copy, platform=platform, arrival=arrival, rng=rng, now=NOW)
    person = participation.enrol(copy, platform="simulated", arrival=Arrival(external_id="1"), rng=rng, now=NOW)
    assert person.simulated


def test_it_is_deleted_whole_and_the_study_stays(tmp_path, settings):
    settings.EXPORTS_DIR, settings.REPORTS_DIR = tmp_path / "exports", tmp_path / "reports"
    study = make_launched()
    rehearsal = begin(study)
    arrival = Arrival(external_id="1")
    participation.enrol(rehearsal.copy, platform="simulated", arrival=arrival, rng=random.Random(1), now=NOW)
    bundle = export_study(rehearsal.copy, folder=settings.EXPORTS_DIR, now=NOW).bundle_path
    assert bundle.exists()
    delete_rehearsal(rehearsal)
    assert not bundle.exists()
    assert list(Study.objects.all()) == [study]
    assert not Rehearsal.objects.exists()
    assert not Participant.objects.exists()
    assert not Trial.objects.exists()
    assert list_texts(study)
    acts = list(AuditEntry.objects.filter(study=study).values_list("act", flat=True))
    assert acts[:2] == ["deleted_rehearsal", "requested_rehearsal"]
