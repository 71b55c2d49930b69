"""The places of a study: laid down at launch, taken by arrivals, given back by those who leave.

Places are taken and taken back under the lock of the study, which the caller holds. Giving one back needs no lock: it
only ever empties a place, and whoever looks for a free one holds the study.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import Count, Max, Q
from django.db.models.functions import Coalesce

from studyapp.domain.allocation import Cell, PlannedPlace, plan_blocks
from studyapp.models import Participant, Place, Study
from studyapp.models.participation import ParticipantStatus


def lay_down_places(study: Study) -> int:
    """Make every place that the study's targets ask for; how many. The caller holds the study, and launches it."""
    per_cell = {arm.pk: arm.target_per_cell for arm in study.arms.select_related("study")}
    return _store(study, plan_blocks(per_cell, forms=_list_forms(study), seed=study.seed))


def add_blocks(study: Study, n: int) -> int:
    """`n` more places in every cell whose target is the study's, as blocks after the last; how many places.

    It departs from what was frozen at launch, so `actions.deviation` alone asks for it. The caller holds the study.
    """
    last = study.places.aggregate(last=Max("block"))["last"] or 0
    per_cell = dict.fromkeys(study.arms.filter(participants_per_cell=None).values_list("pk", flat=True), n)
    return _store(study, plan_blocks(per_cell, forms=_list_forms(study), seed=study.seed, first_block=last + 1))


def take_first_place(participant: Participant) -> Place | None:
    """Give a participant the first free place; None when every one is held. The caller holds the study."""
    return _hold(Place.objects.filter(study_id=participant.study_id).still_free().first(), participant)


def take_place_back(participant: Participant) -> Place | None:
    """Give somebody who returns their own place, or else another one of their cell; None when that is full.

    Their trials are laid down already, so a place of another cell is none for them. The caller holds the study.
    """
    own = Place.objects.filter(participant=participant).first()
    if own is not None:
        return own
    cell = participant.assignment
    free = Place.objects.filter(study_id=participant.study_id, arm=cell.arm_id, form=cell.form_id).still_free()
    return _hold(free.filter(block=cell.block).first() or free.first(), participant)


def give_places_back(study: Study, *, now: datetime, participant: Participant | None = None) -> int:
    """Free the places of those who left (or of one of them), as far as the study replaces them; how many.

    A place is free once its holder has been gone for the study's `give_back_after_minutes`.
    """
    gone = Q(participant__status__in=[ParticipantStatus.DROPPED_OUT, ParticipantStatus.SCREENED_OUT])
    if study.replaces_withdrawn:
        gone |= Q(participant__status=ParticipantStatus.WITHDRAWN)
    if study.replaces_excluded:
        gone |= Q(participant__status=ParticipantStatus.COMPLETED, participant__excluded=True)
    held = Place.objects.filter(study=study).filter(gone)
    if participant is not None:
        held = held.filter(participant=participant)
    if study.give_back_after_minutes:
        moments = ["withdrawn_at", "completed_at", "left_at", "last_seen_at"]  # of the end, where there is one
        ended = Coalesce(*(f"participant__{moment}" for moment in moments))
        held = held.alias(ended=ended).filter(ended__lte=now - timedelta(minutes=study.give_back_after_minutes))
    return held.update(participant=None)


def count_cells(study: Study) -> list[Cell]:
    """Every arm x form of a study: its target, and how many of its places are held."""
    placed = {
        (row["arm_id"], row["form_id"]): row
        for row in study.places.order_by()
        .values("arm_id", "form_id")
        .annotate(target=Count("id"), occupied=Count("participant"))
    }
    cells = []
    for arm in study.arms.select_related("study"):
        for form_id in _list_forms(study):
            row = placed.get((arm.pk, form_id), {"target": arm.target_per_cell, "occupied": 0})
            cells.append(Cell(arm_id=arm.pk, form_id=form_id, target=row["target"], occupied=row["occupied"]))
    return cells


def _list_forms(study: Study) -> list[int]:
    return list(study.quiz_forms.values_list("pk", flat=True))


def _store(study: Study, planned: list[PlannedPlace]) -> int:
    Place.objects.bulk_create(
        (
            Place(
                study=study,
                arm_id=place.arm_id,
                form_id=place.form_id,
                block=place.block,
                position=place.position,
                seed=place.seed,
            )
            for place in planned
        ),
        batch_size=2000,
    )
    return len(planned)


def _hold(place: Place | None, participant: Participant) -> Place | None:
    """Take a place that was free a moment ago.

    Raises:
        IntegrityError: it is so no more, which the lock of the study rules out; better nobody than two.
    """
    if place is not None:
        if not Place.objects.filter(pk=place.pk, participant=None).update(participant=participant):
            raise IntegrityError(f"{place} is held already")
        place.participant = participant
    return place
