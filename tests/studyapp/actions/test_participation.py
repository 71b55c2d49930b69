import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from studyapp.actions import participation
from studyapp.actions.launch import close_study
from studyapp.actions.participation import EndAnswers, EnrolmentRefusedError
from studyapp.actions.responses import Answer, AnswerOutcome, answer_trial, show_trial
from studyapp.domain.judgment import Judgment
from studyapp.models import Assignment, Participant, PlatformIdentity, Response, Trial
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db


def enrol(study, name, *, platform="prolific", now=NOW):
    arrival = Arrival(external_id=name, session_id="s")
    return participation.enrol(study, platform=platform, arrival=arrival, rng=random.Random(name), now=now)


def answer_all(participant, *, now=NOW):
    for trial in participant.trials.order_by("position"):
        assert answer_trial(trial, Answer(Judgment(2), None, ""), now=now) is AnswerOutcome.STORED


def test_cells_fill_evenly_and_the_last_place_is_the_last():
    study = make_launched()  # 3 arms x 2 forms x 3 places
    for number in range(18):
        enrol(study, f"p{number}")
        counts = [cell.occupied for cell in participation.count_cells(study)]
        assert max(counts) - min(counts) <= 1
    with pytest.raises(EnrolmentRefusedError, match="all the participants"):
        enrol(study, "p18")


def test_trials_show_each_item_once_in_the_source_of_the_form_and_the_arm():
    study = make_launched(n_items=5)
    participant = enrol(study, "p")
    cell = participant.assignment
    trials = participant.trials.select_related("stimulus")
    shown = {trial.stimulus.item_id: trial.stimulus for trial in trials}
    for entry in cell.form.entries.all():
        stimulus = shown.pop(entry.item_id)
        assert stimulus.source == entry.source
        assert stimulus.arm in (None, cell.arm)
    assert not shown
    assert sorted(trial.position for trial in trials) == [1, 2, 3, 4, 5]


def test_a_pair_shows_both_versions_and_the_form_says_whose_is_first():
    study = make_launched(n_items=4, checks={"presentation": "paired"})
    firsts = {}
    for number in range(18):
        participant = enrol(study, f"p{number}")
        cell = participant.assignment
        trials = list(participant.trials.select_related("stimulus", "beside"))
        assert sorted(trial.position for trial in trials) == [1, 2, 3, 4]
        for trial in trials:
            assert trial.stimulus.arm == cell.arm
            assert trial.beside.arm is None
            assert trial.stimulus.item_id == trial.beside.item_id
            assert trial.texts[0 if trial.first == "model" else 1] == trial.stimulus
            seen = firsts.setdefault((cell.form.name, trial.stimulus.item_id), trial.first)
            assert seen == trial.first  # whoever sees that form
        assert sorted(trial.first for trial in trials) == ["human", "human", "model", "model"]
    for (form, item), first in firsts.items():
        assert {first, firsts["B" if form == "A" else "A", item]} == {"model", "human"}


def test_a_single_text_stands_beside_none():
    assert set(enrol(make_launched(), "p").trials.values_list("beside", "first")) == {(None, "")}


def test_orders_differ_between_participants():
    study = make_launched(n_items=6)
    orders = {tuple(enrol(study, f"p{n}").trials.values_list("stimulus__item_id", flat=True)) for n in range(12)}
    assert len(orders) > 6


def test_a_person_takes_part_once_under_whatever_session():
    study = make_launched()
    first = enrol(study, "p")
    again = participation.enrol(
        study, platform="prolific", arrival=Arrival("p", "another"), rng=random.Random(1), now=NOW
    )
    assert first == again
    assert Participant.objects.count() == 1
    assert PlatformIdentity.objects.get().session_id == "s"
    assert first.entry_key != "p" and len(first.entry_key) == 64


def test_somebody_silent_gives_their_place_back_and_may_return_while_there_is_room():
    study = make_launched(targets={"participants_per_cell": 1, "dropout_minutes": 30})
    people = [enrol(study, f"p{n}") for n in range(6)]
    later = NOW + timedelta(minutes=31)
    show_trial(people[0].trials.first(), now=later)  # a sign of life
    heir = enrol(study, "heir", now=later)
    statuses = Counter(Participant.objects.values_list("status", flat=True))
    assert statuses == {"enrolled": 2, "dropped_out": 5}
    gone = Participant.objects.exclude(pk=people[0].pk).filter(status="dropped_out")
    same_cell = gone.get(assignment__arm=heir.assignment.arm, assignment__form=heir.assignment.form)
    assert participation.resume(same_cell, now=later).status == "dropped_out"  # the heir sits there
    other = gone.exclude(pk=same_cell.pk).first()
    assert participation.resume(other, now=later).status == "enrolled"


def test_nobody_enters_a_closed_study_but_those_at_work_finish():
    study = make_launched()
    participant = enrol(study, "p")
    close_study(study, now=NOW)
    with pytest.raises(EnrolmentRefusedError, match="no participants at present"):
        enrol(study, "q")
    assert enrol(study, "p") == participant
    answer_all(participant)
    assert participation.complete(participant, EndAnswers(False, ""), now=NOW).status == "completed"


@pytest.mark.parametrize(("answer", "excluded"), [("768", True), ("300", False), ("", False)])
def test_the_declared_rules_decide_at_the_end_and_the_answers_are_kept(answer, excluded):
    study = make_launched(
        checks={
            "internet_check_question": "Steps?",
            "internet_check_solutions": ["768"],
            "exclusion_rules": ["internet_check"],
        }
    )
    participant = enrol(study, "p")
    with pytest.raises(EnrolmentRefusedError, match="still to be answered"):
        participation.complete(participant, EndAnswers(False, answer), now=NOW)
    answer_all(participant)
    done = participation.complete(participant, EndAnswers(False, answer), now=NOW)
    assert (done.excluded, done.exclusion_reasons) == (excluded, ["internet_check"] if excluded else [])
    assert Response.objects.count() == 4
    again = participation.complete(participant, EndAnswers(True, "other"), now=NOW + timedelta(hours=1))
    assert (again.completed_at, again.internet_check_answer) == (NOW, answer)


QUESTIONS = [
    {"question": "One?", "choices": ["a", "b"], "answer": "b"},
    {"question": "Two?", "choices": ["a", "b"], "answer": "a"},
]


def try_all(participant, *tries):
    return [
        participation.answer_comprehension(participant, chosen, number=number, now=NOW)
        for number, chosen in enumerate(tries)
    ]


@pytest.mark.parametrize(
    ("tries", "passed", "stored"),
    [
        ([[1, 0]], True, [[1, 0]]),
        ([[0, 0], [1, 0]], True, [[0, 0], [1, 0]]),
        ([[0, 0], [1, 1]], False, [[0, 0], [1, 1]]),
        ([[0, 0]], None, [[0, 0]]),
        ([[1, 0], [0, 0]], True, [[1, 0]]),  # who has passed is asked nothing more
        ([[0, 0], [0, 0], [1, 0]], False, [[0, 0], [0, 0]]),
    ],
)
def test_two_tries_at_the_questions_are_kept_with_what_came_of_them(tries, passed, stored):
    participant = enrol(make_launched(comprehension=QUESTIONS), "p")
    try_all(participant, *tries)
    participant.refresh_from_db()
    assert (participant.comprehension_passed, participant.comprehension_answers) == (passed, stored)
    assert participant.comprehension_tries == len(stored)
    assert participation.describe_place(participant).awaits_comprehension is (passed is None)


def test_a_try_that_is_sent_twice_is_one_try():
    participant = enrol(make_launched(comprehension=QUESTIONS), "p")
    for _ in range(3):
        attempt = participation.answer_comprehension(participant, [0, 0], number=0, now=NOW)
        assert (attempt.wrong, attempt.tries_left) == ((0,), 1)
    assert Participant.objects.get().comprehension_answers == [[0, 0]]


@pytest.mark.parametrize("is_declared", [True, False])
def test_who_fails_the_questions_takes_part_and_is_excluded_only_where_that_was_declared(is_declared):
    checks = {"exclusion_rules": ["comprehension"]} if is_declared else {}
    participant = enrol(make_launched(comprehension=QUESTIONS, checks=checks), "p")
    try_all(participant, [0, 0], [0, 0])
    answer_all(participant)
    done = participation.complete(participant, EndAnswers(False, ""), now=NOW)
    assert done.status == "completed"
    assert done.exclusion_reasons == (["comprehension"] if is_declared else [])


def test_withdrawal_forgets_the_tries():
    participant = enrol(make_launched(comprehension=QUESTIONS), "p")
    try_all(participant, [0, 0])
    participation.withdraw(participant, now=NOW)
    assert Participant.objects.get().comprehension_answers == []


def test_withdrawal_deletes_the_answers_and_the_identity_and_leaves_a_count():
    study = make_launched()
    participant = enrol(study, "p")
    answer_all(participant)
    participation.withdraw(participant, now=NOW)
    assert not Response.objects.exists()
    assert not Trial.objects.exists()
    assert not PlatformIdentity.objects.exists()
    assert Participant.objects.get().status == "withdrawn"
    assert enrol(study, "p").status == "withdrawn"  # and they do not come in again


def test_an_answer_is_stored_once_in_turn_and_with_bounded_activity():
    study = make_launched()
    first, second = enrol(study, "p").trials.order_by("position")[:2]
    show_trial(first, now=NOW)
    show_trial(first, now=NOW + timedelta(seconds=20))  # a reload does not move it
    first.refresh_from_db()
    assert first.shown_at == NOW
    answered = NOW + timedelta(seconds=30)
    assert answer_trial(second, Answer(Judgment(1), None, ""), now=answered) is AnswerOutcome.OUT_OF_TURN
    answer = Answer(Judgment(4), True, "c" * 3000, active_seconds="29.5", focus_losses="1e9")
    assert answer_trial(first, answer, now=answered) is AnswerOutcome.STORED
    twice = Answer(Judgment(1), False, "")
    assert answer_trial(first, twice, now=answered) is AnswerOutcome.ALREADY_ANSWERED
    stored = Response.objects.select_related("trial").get()
    assert (stored.judgment, stored.seen_before, len(stored.comment)) == (4, True, 2000)
    assert (stored.seconds, stored.active_seconds, stored.focus_losses) == (30.0, 29.5, None)


@pytest.mark.django_db(transaction=True)
def test_many_arrivals_at_once_fill_every_cell_to_its_target_and_none_over():
    study = make_launched(targets={"participants_per_cell": 2})  # 12 places
    refused, faults = [], []

    def arrive(number):
        try:
            enrol(study, f"p{number % 16}")  # four people arrive twice at the same time
        except EnrolmentRefusedError:
            refused.append(number)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=arrive, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert Assignment.objects.count() == Participant.objects.count() == 12
    assert all(cell.occupied == 2 for cell in participation.count_cells(study))
    assert Trial.objects.count() == 12 * 4


@pytest.mark.django_db(transaction=True)
def test_two_answers_to_one_trial_at_the_same_moment_store_one():
    trial = enrol(make_launched(), "p").trials.get(position=1)
    outcomes = []

    def answer(value):
        try:
            outcomes.append(answer_trial(trial, Answer(Judgment(value), None, ""), now=NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=(1 + number % 5,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {AnswerOutcome.STORED: 1, AnswerOutcome.ALREADY_ANSWERED: 7}
    assert Response.objects.count() == 1
