"""Studies that exclude each other: nobody takes part in two of them, so nobody meets an article in both.

A study excludes those that its design names, and is excluded by those that name it: it needs to be said in one of two
study files only. People are known across studies by `person_key` alone, and only where their platform gives ids.
"""

from studyapp.actions.person_keys import list_person_hashes
from studyapp.models import Participant, Study
from studyapp.recruitment import Arrival


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
    keys = list_person_hashes(platform=platform, arrival=arrival)
    return bool(keys) and Participant.objects.filter(study__in=list_rivals(study), person_key__in=keys).exists()


def lock_with_rivals(study: Study) -> Study:
    """The study, locked together with its rivals in one order, so that nobody enters two of them at one moment."""
    wanted = [study.pk, *(rival.pk for rival in list_rivals(study))]
    locked = {row.pk: row for row in Study.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    return locked[study.pk]
