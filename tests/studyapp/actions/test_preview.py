import random

import pytest

from studyapp.actions import participation
from studyapp.actions.preview import NO_TEXT, lay_out_trials
from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.models import Stimulus, Trial
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched

pytestmark = pytest.mark.django_db


def test_the_example_participant_is_shown_what_a_real_one_of_the_cell_is():
    study = make_launched(n_items=5)
    for number in range(6):
        arrival = Arrival(external_id=f"person-{number}")
        person = participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(number), now=NOW)
        cell = person.assignment
        example = lay_out_trials(study, arm=cell.arm, form=cell.form.name)
        assert {t.stimulus.pk for t in example} == set(person.trials.values_list("stimulus_id", flat=True))
        assert [t.position for t in example] == [1, 2, 3, 4, 5]
    assert Trial.objects.count() == 30


def test_the_order_is_the_same_every_time_and_another_in_each_cell():
    study = make_launched(n_items=12)
    orders = {
        (arm.name, form): [t.stimulus.item_id for t in lay_out_trials(study, arm=arm, form=form)]
        for arm in study.arms.all()
        for form in "AB"
    }
    assert len({tuple(order) for order in orders.values()}) == 6
    arm = study.arms.first()
    assert [t.stimulus.item_id for t in lay_out_trials(study, arm=arm, form="A")] == orders[arm.name, "A"]


def test_a_draft_without_texts_or_forms_shows_human_articles_and_says_what_is_missing():
    study = make_draft(n_items=4)
    arm = study.arms.get(name="small")
    texts = [t.stimulus.text for t in lay_out_trials(study, arm=arm, form="A")]
    assert texts.count(NO_TEXT) == 2
    assert not Stimulus.objects.exists()
    finish_jobs(study)
    before = {t.stimulus.item_id: t.stimulus.source for t in lay_out_trials(study, arm=arm, form="A")}
    make_quiz_forms(study)
    assert {t.stimulus.item_id: t.stimulus.source for t in lay_out_trials(study, arm=arm, form="A")} == before
