import pytest

from studyapp.actions import participation
from studyapp.actions.launch import LaunchRefusedError, launch_study
from studyapp.actions.participation import TookPartBeforeError
from studyapp.actions.person_keys import hash_person
from studyapp.actions.rival_studies import list_rivals
from studyapp.models import Participant, PlatformIdentity
from studyapp.recruitment import Arrival
from tests.studyapp.actions.test_places import run_at_once
from tests.studyapp.study_rows import NOW, enrol, make_draft, make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def rivals():
    """Two studies, of which the second excludes the first."""
    return make_launched(slug="first"), make_launched(slug="second", recruitment={"excludes": ["first"]})


def test_it_is_enough_that_one_of_two_studies_excludes_the_other(rivals):
    first, second = rivals
    assert list_rivals(first) == [second]
    assert list_rivals(second) == [first]
    for mine, other, name in ((first, second, "ann"), (second, first, "bob")):
        enrol(mine, name)
        before = (Participant.objects.count(), PlatformIdentity.objects.count())
        with pytest.raises(TookPartBeforeError, match="some of the same articles"):
            enrol(other, name)
        assert (Participant.objects.count(), PlatformIdentity.objects.count()) == before
    enrol(first, "cleo")
    enrol(second, "dora")


def test_it_does_not_matter_how_the_other_participation_ended(rivals):
    first, second = rivals
    participation.withdraw(enrol(first, "ann"), now=NOW)
    with pytest.raises(TookPartBeforeError):
        enrol(second, "ann")


def test_a_third_study_and_another_platform_know_nobody(rivals):
    third = make_launched(slug="third")
    enrol(rivals[0], "ann")
    enrol(third, "ann")
    enrol(rivals[1], "ann", platform="another")


def test_the_key_is_the_persons_in_every_study_and_tells_nobody_their_id(rivals):
    third = make_launched(slug="third")
    mine, theirs = enrol(rivals[0], "ann"), enrol(third, "ann")
    assert mine.person_key == theirs.person_key != ""
    assert len(mine.person_key) == 64 and mine.person_key != mine.entry_key != theirs.entry_key
    assert hash_person(platform="another", arrival=Arrival("ann")) != mine.person_key


def test_without_an_id_nobody_is_known_and_a_simulated_participant_goes_anywhere(rivals):
    assert hash_person(platform="anonymous", arrival=Arrival(nonce="n")) == ""
    for study in rivals:
        assert enrol(study, "1", platform="simulated").person_key == ""


def test_an_excluded_study_may_be_loaded_later_but_not_after_launch():
    study = make_draft(slug="second", recruitment={"excludes": ["first"]})
    with pytest.raises(LaunchRefusedError, match="no study 'first'"):
        launch_study(study, now=NOW, acknowledged=())
    make_draft(slug="first")
    with pytest.raises(LaunchRefusedError) as caught:
        launch_study(study, now=NOW, acknowledged=())
    assert "Excluded studies" not in {finding.topic for finding in caught.value.findings}


@pytest.mark.django_db(transaction=True)
def test_who_enters_two_such_studies_at_the_same_moment_is_let_into_one(rivals):
    acts = [lambda study=study, n=n: enrol(study, f"p{n}") for n in range(8) for study in rivals]
    assert run_at_once(acts) == []
    keys = list(Participant.objects.values_list("person_key", flat=True))
    assert len(keys) == len(set(keys)) == 8
