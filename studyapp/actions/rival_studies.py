"""Studies that exclude each other: nobody takes part in two of them, so nobody meets an article in both.

A study excludes those that its design names, and is excluded by those that name it: it needs to be said in one of two
study files only. People are known across studies by `person_key` alone, and only where their platform gives ids.
"""

import hashlib
import hmac

from django.conf import settings

from studyapp.models import Participant, Study
from studyapp.recruitment import Arrival


def hash_person(*, platform: str, arrival: Arrival) -> str:
    """The key by which a person is known in every study; "" where the platform gives no id.

    The `entry_key` of a participation has the study in it, so that rows of different studies tell nothing of each
    other. To refuse somebody who saw the same articles elsewhere, one thing must be told across studies, and this key
    tells it and no more: it has the platform in it and not the study, nobody without the server's secret can make it
    from an id or an id from it, and it never leaves the database. It stays after a withdrawal, since the articles were
    read all the same. A simulated participant is nobody in particular, and takes part wherever it is sent.
    """
    if not arrival.external_id or platform == "simulated":
        return ""
    message = f"person\x1f{platform}\x1f{arrival.external_id}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()


def list_rivals(study: Study) -> list[Study]:
    """The studies that a study excludes or that exclude it."""
    return [
        other
        for other in Study.objects.exclude(pk=study.pk).only("pk", "slug", "excludes")
        if other.slug in study.excludes or study.slug in other.excludes
    ]


def find_unknown(study: Study) -> tuple[str, ...]:
    """The slugs that a study excludes and that no study has."""
    known = set(Study.objects.values_list("slug", flat=True))
    return tuple(slug for slug in study.excludes if slug not in known)


def took_part_in_rival(study: Study, *, platform: str, arrival: Arrival) -> bool:
    """True when this person is a participant, however it ended, of a study that this one must not share them with."""
    key = hash_person(platform=platform, arrival=arrival)
    return bool(key) and Participant.objects.filter(study__in=list_rivals(study), person_key=key).exists()


def lock_with_rivals(study: Study) -> Study:
    """The study, locked together with its rivals in one order, so that nobody enters two of them at one moment."""
    wanted = [study.pk, *(rival.pk for rival in list_rivals(study))]
    locked = {row.pk: row for row in Study.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    return locked[study.pk]
