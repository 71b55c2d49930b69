"""Stations 6 and 7: who takes part, in which cell, what they will be shown, and how it ends."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from studyapp.actions.attention import find_due_check
from studyapp.actions.exclusion import judge_leaver, judge_participant
from studyapp.actions.person_keys import find_by_arrival, hash_entry, hash_person
from studyapp.actions.places import give_places_back, take_first_place, take_place_back
from studyapp.actions.questions import list_open_parts
from studyapp.actions.quiz_forms import choose_items
from studyapp.actions.rival_studies import lock_with_rivals, took_part_in_rival
from studyapp.actions.signed_entries import use_link
from studyapp.domain.comprehension import Attempt, judge_attempt
from studyapp.domain.counterbalancing import order_trials
from studyapp.domain.exclusion import RULES_OF_LEAVERS
from studyapp.domain.progress import Place
from studyapp.domain.sentences import Sentence
from studyapp.domain.withdrawal import WithdrawalTime, find_withdrawal_time
from studyapp.models import Assignment, Participant, PlatformIdentity, QuestionAnswer, Stimulus, Study, Trial
from studyapp.models import Place as HeldPlace
from studyapp.models.participation import ParticipantStatus, say_nothing_given
from studyapp.recruitment import Arrival

MAX_SCREEN_OUT_REASON = 60
VERDICT_FIELDS = ("excluded", "exclusion_reasons", "exclusion_facts")
RETURNED_ON_PLATFORM = "returned on the platform"
TIMED_OUT_ON_PLATFORM = "ran out of time on the platform"


class EnrolmentRefusedError(ValueError):
    """Nobody can join now: the study is full, or not open. The message is shown to the visitor."""


class TookPartBeforeError(EnrolmentRefusedError):
    """This person took part in a study that may share no participant with this one; the message is for them."""

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                "You took part in another study of ours that showed some of the same articles, so this one is not for "
                "you. Nothing was stored. If a platform sent you here, please return the study there. Thank you for "
                "coming."
            )
        )


class StudyFullError(EnrolmentRefusedError):
    """Every place is held."""


class TooLateToWithdrawError(ValueError):
    """The days in which answers could be withdrawn are over."""


@dataclass(frozen=True)
class EndAnswers:
    """The questions after the last item."""

    looked_up: bool | None
    internet_check_answer: str


@transaction.atomic
def enrol(
    study: Study, *, platform: str, arrival: Arrival, rng: random.Random, now: datetime, language: str = ""
) -> Participant:
    """Give an arrival the first free place and lay their trials down; somebody known by their id is let in as they are.

    `language` is the one of the study's in which they have read the consent text, and will read the rest.

    Locks the study (with those that exclude it or that it excludes, in the order of their ids), so that arrivals at the
    same moment take the places one after another.

    Raises:
        TookPartBeforeError: they took part in a study that this one excludes, or that excludes this one.
        StudyFullError: every place is held.
        EnrolmentRefusedError: the study is not open, or is a rehearsal and somebody real has come.
        ReplayedLinkError: they came by a signed link that another browser has used.
    """
    study = lock_with_rivals(study)
    if arrival.seal is not None:
        use_link(study, arrival.seal, now=now)
    known = find_by_arrival(study, platform=platform, arrival=arrival)
    if known is not None:
        _keep_newest_ids(known, arrival)
        return known
    if study.state != Study.State.LAUNCHED:
        raise EnrolmentRefusedError(Sentence("This study takes no participants at present."))
    if study.is_rehearsal and platform != "simulated":
        raise EnrolmentRefusedError(Sentence("This is a rehearsal: only simulated participants can enter it."))
    if took_part_in_rival(study, platform=platform, arrival=arrival):
        raise TookPartBeforeError
    _free_places(study, now=now)
    study.read_in(language)
    participant = Participant.objects.create(
        study=study,
        entry_key=hash_entry(study, platform=platform, arrival=arrival),
        person_key=hash_person(platform=platform, arrival=arrival),
        simulated=platform == "simulated",
        consent_sha256=hashlib.sha256(study.texts.consent.encode()).hexdigest(),
        language=study.texts.language,
        enrolled_at=now,
        last_seen_at=now,
    )
    place = take_first_place(participant)
    if place is None:  # the participant goes with the transaction
        raise StudyFullError(Sentence("This study has all the participants it needs. Thank you for your interest."))
    if arrival.external_id:
        PlatformIdentity.objects.create(
            participant=participant,
            platform=platform,
            external_id=arrival.external_id,
            session_id=arrival.session_id,
            captured=dict(arrival.captured),
        )
    _lay_down_trials(participant, place=place, order_seed=rng.getrandbits(62))
    return participant


@transaction.atomic
def come_back(participant: Participant, arrival: Arrival, *, now: datetime) -> None:
    """Somebody opened their link again: their place stays, and the platform's newest ids are kept.

    Raises:
        ReplayedLinkError: they came by a signed link that another browser has used.
    """
    if arrival.seal is not None:
        use_link(participant.study, arrival.seal, now=now)
    _keep_newest_ids(participant, arrival)


@transaction.atomic
def free_places(study: Study, *, now: datetime) -> int:
    """Mark the silent ones as dropped out and free the places of all who left; how many places. Locks the study."""
    return _free_places(Study.objects.select_for_update().get(pk=study.pk), now=now)


def _free_places(study: Study, *, now: datetime) -> int:
    silent = Participant.objects.filter(study=study).silent_since(now - timedelta(minutes=study.dropout_minutes))
    has_left = silent.update(status=ParticipantStatus.DROPPED_OUT, left_at=now)
    if has_left and any(rule in RULES_OF_LEAVERS for rule in study.exclusion_rules):
        for participant in study.participants.filter(status=ParticipantStatus.DROPPED_OUT, left_at=now):
            participant.study = study
            judge_leaver(participant)
            participant.save(update_fields=VERDICT_FIELDS)
    return give_places_back(study, now=now)


@transaction.atomic
def leave_by_platform(participant: Participant, *, reason: str, now: datetime) -> bool:
    """Somebody at work has left by the platform's word: their place is free, their answers stay. Locks the participant.

    False where they are not at work (any more): who has completed keeps what they completed.
    """
    participant = Participant.objects.select_for_update().get(pk=participant.pk)
    if participant.status == ParticipantStatus.ENROLLED:
        participant.status = ParticipantStatus.DROPPED_OUT
        participant.dropout_reason = reason
        participant.left_at = now
        judge_leaver(participant)
        participant.save(update_fields=["status", "dropout_reason", "left_at", *VERDICT_FIELDS])
        give_places_back(participant.study, now=now, participant=participant)
        return True
    if participant.status == ParticipantStatus.DROPPED_OUT and participant.dropout_reason != reason:
        Participant.objects.filter(pk=participant.pk).update(dropout_reason=reason)
    return False


def forget_return(participant: Participant) -> None:
    """The platform says that they are at work again: they may go on if there is room."""
    Participant.objects.filter(pk=participant.pk, dropout_reason=RETURNED_ON_PLATFORM).update(dropout_reason="")


@transaction.atomic
def resume(participant: Participant, *, now: datetime) -> Participant:
    """Somebody who had dropped out came back: they go on if their cell still has a place, best their own.

    Locks the study, then the participant.
    """
    study = Study.objects.select_for_update().get(pk=participant.study_id)
    participant = (
        Participant.objects.select_for_update(of=("self",)).select_related("assignment").get(pk=participant.pk)
    )
    if participant.status != ParticipantStatus.DROPPED_OUT or study.state == Study.State.DRAFT:
        return participant
    if participant.dropout_reason == RETURNED_ON_PLATFORM:
        return participant  # they gave it back there, and nobody would pay them for going on
    _free_places(study, now=now)
    if take_place_back(participant) is not None:
        participant.status = ParticipantStatus.ENROLLED
        participant.dropout_reason = ""
        participant.last_seen_at = now
        participant.left_at = None
        participant.excluded, participant.exclusion_reasons, participant.exclusion_facts = False, [], {}
        participant.save(update_fields=["status", "dropout_reason", "last_seen_at", "left_at", *VERDICT_FIELDS])
    return participant


def describe_place(participant: Participant) -> Place:
    """What `domain.progress` needs to find the participant's page."""
    asks = list_open_parts(participant)
    return Place(
        status=participant.status,
        has_started=participant.started_at is not None,
        has_open_trial=participant.next_trial is not None,
        awaits_comprehension=participant.comprehension_passed is None and bool(participant.study.comprehension),
        awaits_attention=find_due_check(participant) is not None,
        awaits_first_questions="before" in asks,
        awaits_more_questions="after" in asks,
    )


@transaction.atomic
def screen_out(participant: Participant, *, reason: str, now: datetime) -> Participant:
    """End the participation of somebody at work who is not one of those sought; their answers are kept.

    `reason` is kept with them; "device" and "error" are ends of their own on platforms that have them. Whoever has
    ended already stays as they are. Locks the participant.

    Raises:
        ValueError: no reason is given, or one that is too long.
    """
    if not reason.strip() or len(reason) > MAX_SCREEN_OUT_REASON:
        raise ValueError(f"Give a reason of at most {MAX_SCREEN_OUT_REASON} characters.")
    participant = Participant.objects.select_for_update(of=("self",)).select_related("study").get(pk=participant.pk)
    if participant.status == ParticipantStatus.ENROLLED:
        participant.status = ParticipantStatus.SCREENED_OUT
        participant.screen_out_reason = reason.strip()
        participant.last_seen_at = participant.left_at = now
        judge_leaver(participant)
        participant.save(update_fields=["status", "screen_out_reason", "last_seen_at", "left_at", *VERDICT_FIELDS])
        give_places_back(participant.study, now=now, participant=participant)
    return participant


def start(participant: Participant, *, now: datetime) -> None:
    """The instructions are done. Only the first time counts."""
    Participant.objects.filter(pk=participant.pk, started_at=None).update(started_at=now, last_seen_at=now)


@transaction.atomic
def answer_comprehension(participant: Participant, chosen: Sequence[int], *, number: int, now: datetime) -> Attempt:
    """Store a try at the questions about the instructions, and with the last one whether they passed.

    Locks the participant. `number` is how many tries there were when the page was sent: one that comes twice (double
    click, two tabs) is one try, and what came of the last stored one is said again.
    """
    participant = Participant.objects.select_for_update(of=("self",)).select_related("study").get(pk=participant.pk)
    study, tried = participant.study, participant.comprehension_answers
    is_open = participant.comprehension_passed is None and participant.status == ParticipantStatus.ENROLLED
    is_new = is_open and (number == len(tried) or not tried)
    answers = [*tried, list(chosen)] if is_new or not tried else tried
    attempt = judge_attempt(
        questions=study.comprehension_questions,
        chosen=answers[-1],
        tries_before=len(answers) - 1,
        tries=study.comprehension_tries,
    )
    if is_new:
        participant.comprehension_answers = answers
        participant.comprehension_passed = attempt.passed if attempt.is_last else None
        participant.last_seen_at = now
        participant.save(update_fields=["comprehension_answers", "comprehension_passed", "last_seen_at"])
    return attempt


@transaction.atomic
def complete(participant: Participant, answers: EndAnswers, *, now: datetime) -> Participant:
    """Store the last answers and the verdict of the declared rules; a second time changes nothing.

    Locks the participant.

    Raises:
        EnrolmentRefusedError: items or questions are still open, so the participation is not complete.
    """
    participant = Participant.objects.select_for_update(of=("self",)).select_related("study").get(pk=participant.pk)
    if participant.status != ParticipantStatus.ENROLLED:
        return participant
    if participant.trials.still_open().exists() or find_due_check(participant) is not None:
        raise EnrolmentRefusedError("Some articles are still to be answered.")
    if list_open_parts(participant):
        raise EnrolmentRefusedError("Some questions are still to be answered.")
    study = participant.study
    participant.looked_up = answers.looked_up
    participant.internet_check_answer = answers.internet_check_answer
    judge_participant(participant, rules=study.exclusion_rules)
    participant.status = ParticipantStatus.COMPLETED
    participant.completed_at = participant.last_seen_at = now
    participant.save()
    give_places_back(study, now=now, participant=participant)
    return participant


def record_debriefing(participant: Participant, *, now: datetime) -> None:
    """Keep when the debriefing was first shown."""
    Participant.objects.filter(pk=participant.pk, debriefed_at=None).update(debriefed_at=now)


def agree_again(participant: Participant, *, now: datetime) -> None:
    """They know what the study was about, and let it keep their answers. Only the first time counts."""
    Participant.objects.filter(
        pk=participant.pk, status=ParticipantStatus.COMPLETED, study__asks_again=True, agreed_again_at=None
    ).update(agreed_again_at=now)


def find_time_to_withdraw(participant: Participant, *, now: datetime) -> WithdrawalTime:
    """Until when they may withdraw by themselves, as their study has promised it."""
    return find_withdrawal_time(ended_at=participant.ended_at, days=participant.study.withdrawal_days, now=now)


@transaction.atomic
def withdraw(participant: Participant, *, now: datetime, is_late: bool = False) -> None:
    """Delete what a participant gave, at their wish; their row stays as a count, and their place is free.

    Locks the participant. `is_late`: a researcher does it for somebody who has written after their last day.

    Bundles that were made before still hold it: `Export.count_withdrawn` tells the researchers.

    Raises:
        TooLateToWithdrawError: the study's time for it is over.
    """
    participant = Participant.objects.select_for_update(of=("self",)).select_related("study").get(pk=participant.pk)
    was_withdrawn = participant.status == ParticipantStatus.WITHDRAWN
    if not (is_late or was_withdrawn or find_time_to_withdraw(participant, now=now).is_open):
        raise TooLateToWithdrawError
    Trial.objects.filter(participant=participant).delete()
    QuestionAnswer.objects.filter(participant=participant).delete()
    PlatformIdentity.objects.filter(participant=participant).delete()
    if not was_withdrawn:
        participant.status = ParticipantStatus.WITHDRAWN
        participant.withdrawn_at = now
    for column, value in say_nothing_given().items():
        setattr(participant, column, value)
    participant.excluded, participant.exclusion_reasons = False, []
    participant.screen_out_reason = ""
    participant.save()
    give_places_back(participant.study, now=now, participant=participant)


def _keep_newest_ids(participant: Participant, arrival: Arrival) -> None:
    """The session and further parameters that they came with now, where their link carries any."""
    ids = {"session_id": arrival.session_id, "captured": dict(arrival.captured)}
    if given := {name: value for name, value in ids.items() if value}:
        PlatformIdentity.objects.filter(participant=participant).update(**given)


def _lay_down_trials(participant: Participant, *, place: HeldPlace, order_seed: int) -> None:
    stimuli = {
        (stimulus.item_id, stimulus.source): stimulus
        for stimulus in Stimulus.objects.filter(item__study_id=participant.study_id).filter(
            Q(arm=None) | Q(arm_id=place.arm_id)
        )
    }
    Assignment.objects.create(
        participant=participant, arm_id=place.arm_id, form_id=place.form_id, block=place.block, order_seed=order_seed
    )
    items = choose_items(participant.study, block=place.block)
    entries = [entry for entry in place.form.entries.all() if entry.item_id in items]
    if participant.study.is_paired:
        trials = [
            Trial(stimulus=stimuli[entry.item_id, "model"], beside=stimuli[entry.item_id, "human"], first=entry.source)
            for entry in entries
        ]
    else:
        trials = [Trial(stimulus=stimuli[entry.item_id, entry.source]) for entry in entries]
    ordered = order_trials(trials, rng=random.Random(order_seed))
    for position, trial in enumerate(ordered, start=1):
        trial.participant, trial.position = participant, position
    Trial.objects.bulk_create(ordered)
