import pytest

from studyapp.actions.person_keys import find_by_arrival, hash_entry, hash_person, rehash_people
from studyapp.actions.rival_studies import took_part_in_rival
from studyapp.models import Participant, PlatformIdentity
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import enrol, make_launched

pytestmark = pytest.mark.django_db
ANN = Arrival("ann")


def test_the_key_is_one_of_its_own_and_the_secret_key_finds_those_from_before(settings):
    study = make_launched()
    ann = enrol(study, "ann")
    signed = hash_entry(study, platform="prolific", arrival=ANN)
    settings.SECRET_KEY = "another key for cookies"
    assert hash_entry(study, platform="prolific", arrival=ANN) == signed == ann.entry_key
    settings.ID_KEY, settings.ID_KEYS_OLD = "a new key", []
    assert hash_entry(study, platform="prolific", arrival=ANN) != signed
    assert find_by_arrival(study, platform="prolific", arrival=ANN) is None


def test_a_changed_key_lets_nobody_in_twice_and_those_with_an_id_move_to_it(settings):
    study = make_launched(slug="first")
    other = make_launched(slug="second", recruitment={"excludes": ["first"]})
    ann, bea = enrol(study, "ann"), enrol(study, "bea")
    PlatformIdentity.objects.filter(participant=bea).delete()
    settings.ID_KEY, settings.ID_KEYS_OLD = "a new key", [settings.ID_KEY]
    assert enrol(study, "ann") == ann
    assert took_part_in_rival(other, platform="prolific", arrival=ANN)
    assert rehash_people() == (1, 1)  # bea's id is not kept
    assert rehash_people() == (0, 1)
    settings.ID_KEYS_OLD = []
    ann.refresh_from_db()
    assert ann.entry_key == hash_entry(study, platform="prolific", arrival=ANN)
    assert ann.person_key == hash_person(platform="prolific", arrival=ANN)
    assert took_part_in_rival(other, platform="prolific", arrival=ANN)
    assert find_by_arrival(study, platform="prolific", arrival=Arrival("bea")) is None
    assert Participant.objects.count() == 2
