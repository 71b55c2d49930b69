"""Texts in stages: what the server's clock lets be seen and answered."""

import random
from datetime import timedelta

import pytest

from studyapp.actions import participation
from studyapp.actions.responses import Answer, AnswerOutcome, answer_trial, measure_reveal, reveal_stage, show_trial
from studyapp.domain.judgment import Judgment
from studyapp.models import Participant, Response, Trial
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_launched, make_staged

pytestmark = pytest.mark.django_db
ANSWER = Answer(Judgment(4), None, "")


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def begin(study=None):
    study = study or make_staged()
    arrival = Arrival(external_id="p")
    person = participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(1), now=NOW)
    trial = person.trials.get(position=1)
    show_trial(trial, now=NOW)
    return trial


def test_a_stage_comes_when_it_is_asked_for_after_its_time_and_the_moments_are_kept():
    trial = begin()
    assert reveal_stage(trial, wanted=2, now=after(29.9)).n_shown == 1
    assert reveal_stage(trial, wanted=2, now=after(33)).n_shown == 2
    assert reveal_stage(trial, wanted=3, now=after(60)).seconds_left == pytest.approx(
        3
    )  # 30 s from the last, not first
    assert reveal_stage(trial, wanted=3, now=after(70)).is_whole
    trial.refresh_from_db()
    assert trial.shown_times == [NOW, after(33), after(70)]
    assert Participant.objects.get().last_seen_at == after(70)
    assert measure_reveal(trial, trial.participant.study, now=after(71)).is_whole


def test_a_click_too_many_reveals_nothing_more():
    trial = begin(make_staged(seconds=0))
    for _ in range(3):
        assert reveal_stage(trial, wanted=2, now=after(1)).n_shown == 2
    assert reveal_stage(trial, wanted=9, now=after(1)).n_shown == 3
    assert reveal_stage(trial, wanted=9, now=after(1)).n_shown == 3
    assert len(Trial.objects.get(pk=trial.pk).stages_shown_at) == 2


def test_nothing_is_revealed_of_a_text_whose_first_part_was_never_sent():
    trial = begin(make_staged(seconds=0))
    later = trial.participant.trials.get(position=2)
    assert reveal_stage(later, wanted=2, now=after(100)).n_shown == 1
    assert Trial.objects.get(pk=later.pk).stages_shown_at == []


def test_an_answer_before_the_last_stage_is_refused_and_nothing_is_stored_or_lost():
    trial = begin()
    reveal_stage(trial, wanted=2, now=after(30))
    assert answer_trial(trial, ANSWER, now=after(500)) is AnswerOutcome.TOO_EARLY
    assert not Response.objects.exists()
    assert len(Trial.objects.get(pk=trial.pk).stages_shown_at) == 1
    reveal_stage(trial, wanted=3, now=after(500))
    assert answer_trial(trial, ANSWER, now=after(501)) is AnswerOutcome.STORED
    assert Response.objects.get().seconds == 501


def test_a_text_shown_at_once_is_answered_at_once():
    trial = begin(make_launched())
    assert answer_trial(trial, ANSWER, now=after(1)) is AnswerOutcome.STORED
