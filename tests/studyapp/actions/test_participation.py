import random
import threading
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from django.db import connection

from studyapp.actions import participation
from studyapp.actions.launch import close_study
from studyapp.actions.participation import EndAnswers, EnrolmentRefusedError
from studyapp.actions.places import count_cells
from studyapp.actions.responses import Answer, AnswerOutcome, answer_trial, show_trial
from studyapp.domain.judgment import Judgment
from studyapp.models import Participant, PlatformIdentity, Response, Trial
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, answer_all, enrol, make_launched

pytestmark = pytest.mark.django_db


def test_cells_fill_evenly_and_the_last_place_is_the_last():
    study = make_launched()  # 3 arms x 2 forms x 3 places
    for number in range(18):
        enrol(study, f"p{number}")
        counts = [cell.occupied for cell in count_cells(study)]
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


def test_a_block_sees_the_same_part_of_the_pool_in_every_arm_and_mirrored_on_the_forms():
    study = make_launched(n_items=8, articles={"shown": 5})
    people = [enrol(study, f"p{n}") for n in range(18)]
    shown = defaultdict(set)  # block -> the titles that somebody of it was shown
    sources = {}
    for person in people:
        trials = person.trials.select_related("stimulus")
        assert sorted(trial.position for trial in trials) == [1, 2, 3, 4, 5]
        assert sum(trial.stimulus.arm_id is None for trial in trials) in (2, 3)
        cell = person.assignment
        shown[cell.block].add(frozenset(trial.stimulus.item_id for trial in trials))
        assert len({trial.stimulus.item_id for trial in trials}) == 5
        for trial in trials:
            sources.setdefault((cell.block, trial.stimulus.item_id, cell.form.name), set()).add(trial.stimulus.source)
    assert {block: len(titles) for block, titles in shown.items()} == {1: 1, 2: 1, 3: 1}
    assert len({*shown[1], *shown[2]}) == 2
    for (block, item, form), told in sources.items():
        assert len(told) == 1
        assert told != sources[block, item, "B" if form == "A" else "A"]


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
    assert PlatformIdentity.objects.get().session_id == "another"
    assert first.entry_key != "p" and len(first.entry_key) == 64


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


def test_a_screen_out_gives_the_place_back_keeps_the_answers_and_happens_once():
    study = make_launched(targets={"participants_per_cell": 1})
    people = [enrol(study, f"p{n}") for n in range(6)]
    answer_all(people[0])
    out = participation.screen_out(people[0], reason=" device ", now=NOW)
    assert (out.status, out.screen_out_reason) == ("screened_out", "device")
    assert participation.screen_out(people[0], reason="another", now=NOW).screen_out_reason == "device"
    assert Response.objects.count() == 4
    assert enrol(study, "heir").assignment.arm == people[0].assignment.arm
    assert enrol(study, "p0").status == "screened_out"  # and they do not come in again
    participation.withdraw(people[0], now=NOW)
    assert (Response.objects.count(), Participant.objects.get(pk=people[0].pk).screen_out_reason) == (0, "")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 61])
def test_a_screen_out_needs_a_reason(reason):
    person = enrol(make_launched(), "p")
    with pytest.raises(ValueError, match="Give a reason"):
        participation.screen_out(person, reason=reason, now=NOW)
    assert Participant.objects.get().status == "enrolled"


def test_who_has_completed_is_not_screened_out_any_more():
    person = enrol(make_launched(), "p")
    answer_all(person)
    participation.complete(person, EndAnswers(False, ""), now=NOW)
    assert participation.screen_out(person, reason="late", now=NOW).status == "completed"


def test_further_parameters_are_kept_with_the_ids():
    arrival = Arrival(external_id="p", captured={"wave": "2"})
    participation.enrol(make_launched(), platform="panel", arrival=arrival, rng=random.Random(1), now=NOW)
    assert PlatformIdentity.objects.get().captured == {"wave": "2"}


def test_an_answer_is_stored_once_in_turn_and_with_bounded_activity():
    study = make_launched()
    first, second = enrol(study, "p").trials.order_by("position")[:2]
    show_trial(first, now=NOW)
    show_trial(first, now=NOW + timedelta(seconds=20))  # a reload does not move it
    first.refresh_from_db()
    assert first.shown_at == NOW
    answered = NOW + timedelta(seconds=30)
    assert answer_trial(second, Answer(Judgment(1), None, ""), now=answered) is AnswerOutcome.OUT_OF_TURN
    answer = Answer(Judgment(4), True, "c" * 3000, behaviour='{"active": 29.5, "losses": 2.5}')
    assert answer_trial(first, answer, now=answered) is AnswerOutcome.STORED
    twice = Answer(Judgment(1), False, "")
    assert answer_trial(first, twice, now=answered) is AnswerOutcome.ALREADY_ANSWERED
    stored = Response.objects.select_related("trial").get()
    assert (stored.judgment, stored.seen_before, len(stored.comment)) == (4, True, 2000)
    assert (stored.seconds, stored.active_seconds, stored.focus_losses) == (30.0, 29.5, None)


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
