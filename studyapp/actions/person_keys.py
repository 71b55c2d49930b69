"""The keyed hashes by which people are known again, without their platform's id.

Nobody without the key can make a hash from an id, or an id from a hash, and the hashes never leave the database. The
key is a secret of its own (`ID_KEY`). After it was changed, people are looked for under the older keys too, and
`rehash_people` moves everybody whose id is still kept to the new one.
"""

import hashlib
import hmac

from django.conf import settings
from django.db import transaction

from studyapp.models import Participant, PlatformIdentity, ProlificSubmission, Study
from studyapp.recruitment import Arrival


def hash_entry(study: Study, *, platform: str, arrival: Arrival) -> str:
    """The key under which an arrival takes part once in a study; "" for nobody."""
    return next(iter(list_entry_hashes(study, platform=platform, arrival=arrival)), "")


def list_entry_hashes(study: Study, *, platform: str, arrival: Arrival) -> list[str]:
    """`hash_entry` under the key of now, then under each older one."""
    name = arrival.external_id or arrival.nonce
    return _hash_under_all(f"{study.slug}\x1f{platform}\x1f{name}") if name else []


def hash_person(*, platform: str, arrival: Arrival) -> str:
    """The key by which a person is known in every study; "" where the platform gives no id.

    The `entry_key` of a participation has the study in it, so that rows of different studies tell nothing of each
    other. To refuse somebody who saw the same articles elsewhere, one thing must be told across studies, and this key
    tells it and no more: it has the platform in it and not the study. It stays after a withdrawal, since the articles
    were read all the same. A simulated participant is nobody in particular, and takes part wherever it is sent.
    """
    return next(iter(list_person_hashes(platform=platform, arrival=arrival)), "")


def list_person_hashes(*, platform: str, arrival: Arrival) -> list[str]:
    """`hash_person` under the key of now, then under each older one."""
    if not arrival.external_id or platform == "simulated":
        return []
    return _hash_under_all(f"person\x1f{platform}\x1f{arrival.external_id}")


def find_by_arrival(study: Study, *, platform: str, arrival: Arrival) -> Participant | None:
    """The participation that this person began before, on whatever device."""
    keys = list_entry_hashes(study, platform=platform, arrival=arrival)
    return Participant.objects.filter(study=study, entry_key__in=keys).first() if keys else None


@transaction.atomic
def rehash_people() -> tuple[int, int]:
    """Bring everybody whose id is still kept under the key of now; how many were moved, and how many cannot be.

    Those others are known again by the older key alone. Locks the participants that it moves, one after another.
    """
    moved = 0
    identities = PlatformIdentity.objects.select_related("participant__study")
    for identity in identities.iterator(chunk_size=500):
        person, arrival = identity.participant, Arrival(external_id=identity.external_id)
        entry_key = hash_entry(person.study, platform=identity.platform, arrival=arrival)
        if person.entry_key != entry_key:
            person_key = hash_person(platform=identity.platform, arrival=arrival)
            Participant.objects.filter(pk=person.pk).update(entry_key=entry_key, person_key=person_key)
            ProlificSubmission.objects.filter(participant=person).exclude(person="").update(person=entry_key)
            moved += 1
    return moved, Participant.objects.exclude(entry_key="").filter(identity=None).count()


def _hash_under_all(message: str) -> list[str]:
    keys = dict.fromkeys((settings.ID_KEY, *settings.ID_KEYS_OLD))  # each once, in this order
    return [hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest() for key in keys]
