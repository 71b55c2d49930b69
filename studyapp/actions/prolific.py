"""The link of a study to Prolific, and what Prolific says of it and of its submissions."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from studyapp.actions import participation
from studyapp.actions.audit import record
from studyapp.actions.person_keys import list_entry_hashes
from studyapp.domain import prolific_records as prolific
from studyapp.domain.prolific_records import StudyRecord, SubmissionRecord
from studyapp.models import Participant, PlatformIdentity, ProlificStudy, ProlificSubmission, Study
from studyapp.recruitment import Arrival

PLATFORM = "prolific"


class AlreadyLinkedError(ValueError):
    """The study, or the study on Prolific, has a link; the message says which."""


@transaction.atomic
def begin_link(study: Study, *, now: datetime) -> ProlificStudy:
    """The row of a draft that is about to be made on Prolific, so that a second click makes no second one.

    Raises:
        AlreadyLinkedError: there is a link, or one is being made.
    """
    link, is_new = ProlificStudy.objects.get_or_create(study=study, defaults={"linked_at": now})
    if not is_new:
        raise AlreadyLinkedError(
            "This study is linked to Prolific already." if link.remote_id else "A draft is being made on Prolific."
        )
    return link


@transaction.atomic
def finish_link(link: ProlificStudy, remote: StudyRecord, *, act: str, now: datetime) -> ProlificStudy:
    """Keep which study on Prolific it is. Locks the link.

    Raises:
        AlreadyLinkedError: another study of ours is linked to it.
    """
    link = ProlificStudy.objects.select_for_update().select_related("study").get(pk=link.pk)
    if other := ProlificStudy.objects.filter(remote_id=remote.study_id).exclude(pk=link.pk).first():
        raise AlreadyLinkedError(f"That study on Prolific belongs to our study {other.study.slug!r}.")
    link.remote_id = remote.study_id
    _copy_study(link, remote)
    link.linked_at = now
    try:
        with transaction.atomic():
            link.save()
    except IntegrityError:
        raise AlreadyLinkedError("That study on Prolific was linked to another study just now.") from None
    record(link.study, act, prolific_status=remote.status, places=remote.places, reward=remote.reward)
    return link


def drop_unmade_link(link: ProlificStudy) -> None:
    """No draft was made after all."""
    ProlificStudy.objects.filter(pk=link.pk, remote_id="").delete()


@transaction.atomic
def unlink(study: Study) -> bool:
    """Forget which study on Prolific it is; False where somebody has come through it already. Locks the link."""
    link = ProlificStudy.objects.select_for_update().filter(study=study).first()
    if link is None or link.submissions.exists():
        return False
    link.delete()
    record(study, "unlinked_prolific_study")
    return True


@transaction.atomic
def store_study(link: ProlificStudy, remote: StudyRecord, *, misfits: Sequence[str], cost: int | None) -> None:
    """What Prolific says of the study now. Locks the link."""
    link = ProlificStudy.objects.select_for_update().get(pk=link.pk)
    _copy_study(link, remote)
    link.misfits = list(misfits)
    link.cost = remote.cost if cost is None else cost
    link.save()


def store_sync_end(link: ProlificStudy, *, now: datetime, error: str = "") -> None:
    """When submissions were read last, or why they could not be."""
    changes = {"sync_error": error} if error else {"sync_error": "", "synced_at": now}
    ProlificStudy.objects.filter(pk=link.pk).update(**changes)


@transaction.atomic
def store_submission(link: ProlificStudy, said: SubmissionRecord, *, read_at: datetime) -> ProlificSubmission:
    """What Prolific says of a submission; what was asked for earlier than the row's own word is left out.

    Whoever has returned or run out of time there gives their place back here, once, and keeps every answer. Locks the
    submission's row, then the participant.
    """
    ProlificSubmission.objects.get_or_create(
        submission_id=said.submission_id, defaults={"link": link, "status": said.status[:30], "read_at": read_at}
    )
    row = ProlificSubmission.objects.select_for_update().get(submission_id=said.submission_id)
    if row.read_at > read_at:
        return row
    hashes = list_entry_hashes(link.study, platform=PLATFORM, arrival=Arrival(external_id=said.participant_id))
    row.person = next(iter(hashes), row.person)
    row.participant = find_participant(link.study, row, hashes=hashes)
    row.status, row.code = said.status[:30], said.code[:60]
    row.started_at, row.completed_at = said.started_at, said.completed_at
    row.seconds, row.bonuses, row.read_at = said.seconds, list(said.bonuses), read_at
    row.return_requested_at = said.return_requested_at or row.return_requested_at
    _settle_ask(row)
    _settle_place(row, now=read_at)
    row.save()
    return row


def find_participant(study: Study, row: ProlificSubmission, *, hashes: Sequence[str] = ()) -> Participant | None:
    """Our participant of a submission: by its id where they arrived with it, else by who they are.

    `hashes` are those of the person's id under every key, where it is at hand.
    """
    identity = (
        PlatformIdentity.objects.filter(participant__study=study, platform=PLATFORM, session_id=row.submission_id)
        .select_related("participant")
        .first()
    )
    if identity is not None:
        return identity.participant
    keys = [key for key in (*hashes, row.person) if key]
    return Participant.objects.filter(study=study, entry_key__in=keys).first() if keys else None


def match_arrivals(link: ProlificStudy) -> int:
    """Link the submissions whose webhook came before their participant did; how many were found."""
    found = 0
    for row in link.submissions.filter(participant=None):
        if participant := find_participant(link.study, row):
            found += ProlificSubmission.objects.filter(pk=row.pk).update(participant=participant)
    return found


def _copy_study(link: ProlificStudy, remote: StudyRecord) -> None:
    link.name, link.status, link.currency = remote.name[:300], remote.status, remote.currency[:3]
    link.places, link.places_taken = remote.places, remote.places_taken
    link.minutes, link.reward = remote.minutes, remote.reward


def _settle_ask(row: ProlificSubmission) -> None:
    """What staff asked for is no longer in doubt once Prolific shows it done, or past doing."""
    state = ProlificSubmission.AskState
    if row.asked == "approve":
        is_done = row.status in (prolific.APPROVED, prolific.PARTIALLY_APPROVED)
        is_open = row.status == prolific.AWAITING_REVIEW
    else:
        is_done = row.return_requested_at is not None or row.status == prolific.RETURNED
        is_open = row.status in (prolific.ACTIVE, prolific.AWAITING_REVIEW)
    if row.asked and is_done:
        row.ask_state, row.ask_message = state.SENT, ""
    elif row.ask_state == state.UNKNOWN and not is_open:
        row.ask_state, row.ask_message = state.REFUSED, f"It is {row.status} by now."


def _settle_place(row: ProlificSubmission, *, now: datetime) -> None:
    if row.participant is None:
        return
    if row.status == prolific.RETURNED:
        if participation.leave_by_platform(row.participant, reason=participation.RETURNED_ON_PLATFORM, now=now):
            row.place_given_back_at = now
    elif row.status == prolific.TIMED_OUT:
        # once only: Prolific lets people finish late, and they may have come back since
        if row.place_given_back_at is None:
            participation.leave_by_platform(row.participant, reason=participation.TIMED_OUT_ON_PLATFORM, now=now)
            row.place_given_back_at = now
    elif row.status in (prolific.ACTIVE, prolific.AWAITING_REVIEW):
        participation.forget_return(row.participant)
