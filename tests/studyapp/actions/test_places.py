import importlib
import random
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from studyapp import migrations
from studyapp.actions import participation, places
from studyapp.actions.participation import EndAnswers, EnrolmentRefusedError
from studyapp.actions.places import add_blocks, count_cells
from studyapp.actions.responses import show_trial
from studyapp.models import Assignment, Participant, Place, PlatformIdentity, Study, Trial
from tests.studyapp.study_rows import NOW, answer_all, enrol, make_draft, make_launched

pytestmark = pytest.mark.django_db
CHECKED = {
    "internet_check_question": "Steps?",
    "internet_check_solutions": ["768"],
    "exclusion_rules": ["internet_check"],
}


def finish(participant, *, answer="", now=NOW):
    answer_all(participant, now=now)
    return participation.complete(participant, EndAnswers(False, answer), now=now)


def holders(study):
    return set(study.places.exclude(participant=None).values_list("participant_id", flat=True))


def test_launch_lays_down_every_place_in_blocks_and_full_cells_drop_out():
    arms = [
        {"name": "control", "control": True, "generator": "checkpoint:control", "participants_per_cell": 1},
        {"name": "small", "generator": "checkpoint:small"},
    ]
    draft = make_draft(arms=arms)
    assert [cell.target for cell in count_cells(draft)] == []  # no forms yet
    assert draft.places_wanted == 2 * (1 + 3)
    assert not Place.objects.exists()
    study = make_launched(slug="other", arms=arms)
    laid = [(place.block, place.arm.name, place.form.name) for place in study.places.select_related("arm", "form")]
    assert sorted(laid) == sorted(
        [(1, "control", "A"), (1, "control", "B")]
        + [(block, "small", form) for block in (1, 2, 3) for form in ("A", "B")]
    )
    assert study.places_wanted == 8
    assert {(cell.target, cell.occupied) for cell in count_cells(study)} == {(1, 0), (3, 0)}


def test_arrivals_take_the_places_in_their_order_and_the_assignment_says_which():
    study = make_launched()
    for number, place in enumerate(study.places.order_by("block", "position")):
        cell = enrol(study, f"p{number}").assignment
        assert (cell.arm, cell.form, cell.block) == (place.arm, place.form, place.block)


def test_the_database_lets_no_cell_go_over_its_target():
    study = make_launched(targets={"participants_per_cell": 1})
    person = enrol(study, "p")
    held = person.place
    another = {"study": study, "arm": held.arm, "form": held.form, "seed": 1}
    for columns in (
        {**another, "block": 1, "position": 99},  # a second place of the cell in its block
        {**another, "block": 2, "position": 1, "participant": person},  # a second place for one person
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Place.objects.create(**columns)


def test_a_place_that_was_taken_meanwhile_is_not_taken_again():
    study = make_launched()
    first, second = enrol(study, "p"), enrol(study, "q")
    with pytest.raises(IntegrityError, match="place 1 of block 1 is held already"), transaction.atomic():
        places._hold(first.place, second)
    assert Place.objects.get(pk=first.place.pk).participant == first


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
    own = Place.objects.get(arm=other.assignment.arm, form=other.assignment.form)
    back = participation.resume(other, now=later)
    assert (back.status, back.left_at, back.place) == ("enrolled", None, own)


def test_who_returns_takes_their_own_place_or_another_of_their_cell_with_the_trials_they_had():
    study = make_launched(n_items=6, articles={"shown": 4}, targets={"participants_per_cell": 2})
    early = enrol(study, "early")
    own, trials = early.place, list(early.trials.values_list("stimulus_id", flat=True))
    later = NOW + timedelta(days=1)
    participation.free_places(study, now=later)
    assert holders(study) == set()
    assert participation.resume(early, now=later).place == own  # free still, and others of the cell as well
    participation.free_places(study, now=later + timedelta(days=1))
    heir = enrol(study, "heir", now=later + timedelta(days=1))
    assert heir.place == own
    back = participation.resume(early, now=later + timedelta(days=1))
    assert (back.place.arm, back.place.form, back.place.block) == (own.arm, own.form, 2)
    assert back.assignment.block == 1  # whose titles they see
    assert list(back.trials.values_list("stimulus_id", flat=True)) == trials


def test_a_study_that_fills_throws_nobody_out_who_is_at_work():
    study = make_launched(targets={"participants_per_cell": 1})
    slow = enrol(study, "slow")
    for number in range(5):
        finish(enrol(study, f"p{number}"))
    with pytest.raises(EnrolmentRefusedError, match="all the participants"):
        enrol(study, "late")
    assert Participant.objects.filter(status="enrolled").get() == slow  # and nothing is stored of who was refused
    assert finish(slow).status == "completed"


def test_one_who_is_excluded_or_withdraws_gives_the_place_back_at_once():
    study = make_launched(checks=CHECKED)
    excluded, withdrawn, good = (enrol(study, name) for name in ("excluded", "withdrawn", "good"))
    assert finish(excluded, answer="768").excluded
    participation.withdraw(withdrawn, now=NOW)
    finish(good)
    assert holders(study) == {good.pk}
    first, second = enrol(study, "heir"), enrol(study, "another")
    assert [p.assignment.block for p in (first, second)] == [1, 1]
    cells = {(p.assignment.arm_id, p.assignment.form_id) for p in (first, second)}
    assert cells == {(p.assignment.arm_id, p.assignment.form_id) for p in (excluded, withdrawn)}


def test_the_study_file_can_keep_the_places_of_the_excluded_and_the_withdrawn():
    study = make_launched(checks=CHECKED, targets={"replace_excluded": False, "replace_withdrawn": False})
    excluded, withdrawn = enrol(study, "excluded"), enrol(study, "withdrawn")
    finish(excluded, answer="768")
    participation.withdraw(withdrawn, now=NOW)
    assert holders(study) == {excluded.pk, withdrawn.pk}
    participation.free_places(study, now=NOW + timedelta(days=9))
    assert holders(study) == {excluded.pk, withdrawn.pk}


def test_a_place_can_wait_before_it_goes_to_somebody_else():
    waits = {"participants_per_cell": 1, "give_back_after_minutes": 60, "dropout_minutes": 30}
    study = make_launched(checks=CHECKED, targets=waits)
    people = {name: enrol(study, name) for name in ("excluded", "withdrawn", "screened", "silent", "stays", "good")}
    moment = NOW + timedelta(minutes=20)
    finish(people["excluded"], answer="768", now=moment)
    participation.withdraw(people["withdrawn"], now=moment)
    participation.screen_out(people["screened"], reason="too young", now=moment)
    finish(people["good"], now=moment)
    show_trial(people["stays"].trials.first(), now=NOW + timedelta(minutes=75))
    participation.free_places(study, now=NOW + timedelta(minutes=31))  # the silent one counts as gone from here on
    freed = [participation.free_places(study, now=NOW + timedelta(minutes=after)) for after in (79, 80, 90, 91)]
    assert freed == [0, 3, 0, 1]
    assert holders(study) == {people["stays"].pk, people["good"].pk}


def test_more_blocks_come_after_the_last_and_leave_arms_with_a_target_of_their_own():
    study = make_launched(targets={"participants_per_cell": 1})
    for number in range(6):
        enrol(study, f"p{number}")
    study.arms.filter(name="large").update(participants_per_cell=1)
    assert add_blocks(study, 2) == 8
    assert enrol(study, "p6").assignment.block == 2
    assert {(cell.arm_id, cell.target) for cell in count_cells(study)} == {
        (arm.pk, 1 if arm.name == "large" else 3) for arm in study.arms.all()
    }


def test_studies_from_before_there_were_places_get_theirs_and_go_on(settings):
    settings.ID_KEY = settings.SECRET_KEY  # before there was a key of its own
    study = make_launched(targets={"participants_per_cell": 2})
    people = [enrol(study, f"p{number}") for number in range(4)]
    participation.withdraw(people[3], now=NOW)
    Place.objects.all().delete()
    Assignment.objects.update(block=None)
    Participant.objects.update(person_key="")
    (name,) = (path.stem for path in Path(migrations.__path__[0]).glob("*_allocation.py"))
    migration = importlib.import_module(f"studyapp.migrations.{name}")
    migration.lay_down_places(apps, None)
    migration.hash_persons(apps, None)
    assert study.places.count() == 12
    assert holders(study) == {person.pk for person in people[:3]}
    for person in people[:3]:
        person = Participant.objects.get(pk=person.pk)
        cell = person.assignment
        assert (person.place.arm, person.place.form, person.place.block) == (cell.arm, cell.form, cell.block)
        assert person.person_key == people[people.index(person)].person_key != ""
    assert not Study.objects.get().replaces_excluded  # as it was when that study was frozen
    assert enrol(study, "p9").place.block == 1


def run_at_once(acts):
    """Run every act in a thread of its own, all let go at the same moment; what went wrong."""
    faults, gate = [], threading.Barrier(len(acts))

    def run(act):
        try:
            gate.wait(timeout=120)
            act()
        except EnrolmentRefusedError:
            pass
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


@pytest.mark.django_db(transaction=True)
def test_many_who_come_go_and_come_back_at_once_leave_every_cell_exactly_full():
    """60 people for 36 places, some with a double click; some drop out, withdraw or are excluded meanwhile."""
    study = make_launched(
        n_items=6, checks=CHECKED, articles={"shown": 3}, targets={"participants_per_cell": 6, "dropout_minutes": 30}
    )
    later = NOW + timedelta(hours=1)

    def come(number):
        person = enrol(study, f"p{number}", now=later)
        if number % 6 == 1:  # goes away without a word
            Participant.objects.filter(pk=person.pk).update(last_seen_at=NOW)
        elif number % 6 == 2:
            participation.withdraw(person, now=later)
        elif number % 6 == 3:
            finish(person, answer="768" if number % 12 == 3 else "", now=later)

    def come_back(person):
        participation.resume(person, now=later)

    numbers = [*range(60), *range(0, 60, 6)]  # ten of them click twice
    random.Random(1).shuffle(numbers)
    assert run_at_once([lambda number=number: come(number) for number in numbers]) == []
    participation.free_places(study, now=later)
    gone = list(Participant.objects.filter(status="dropped_out"))
    wave = [lambda person=person: come_back(person) for person in gone]
    wave += [lambda number=number: enrol(study, f"q{number}", now=later) for number in range(36)]
    random.Random(2).shuffle(wave)
    assert run_at_once(wave) == []

    assert all((cell.target, cell.occupied) == (6, 6) for cell in count_cells(study))
    live = Participant.objects.exclude(status__in=["dropped_out", "withdrawn"]).exclude(excluded=True)
    assert live.count() == 36
    assert holders(study) == set(live.values_list("pk", flat=True))
    for person in live.select_related("assignment", "place"):
        cell = person.assignment
        assert (person.place.arm_id, person.place.form_id) == (cell.arm_id, cell.form_id)
        assert person.trials.count() == 3
    keys = list(Participant.objects.values_list("entry_key", flat=True))
    assert len(keys) == len(set(keys))
    assert Assignment.objects.count() == Participant.objects.count()
    assert (
        Trial.objects.values("participant").distinct().count()
        == Participant.objects.exclude(status="withdrawn").count()
    )
    assert not PlatformIdentity.objects.filter(participant__status="withdrawn").exists()


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_given_once():
    study = make_launched(targets={"participants_per_cell": 1})
    for number in range(5):
        enrol(study, f"p{number}")
    assert run_at_once([lambda number=number: enrol(study, f"late{number}") for number in range(12)]) == []
    assert Participant.objects.count() == 6
    assert places.take_first_place(Participant.objects.first()) is None
