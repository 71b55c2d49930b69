"""Stations 6 and 7: who takes part, in which cell, what they will be shown, and how it ends."""

import hashlib
import hmac
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from studyapp.domain.allocation import Cell, choose_cell
from studyapp.domain.comprehension import Attempt, judge_attempt
from studyapp.domain.counterbalancing import order_trials
from studyapp.domain.exclusion import ParticipantFacts, decide_exclusion
from studyapp.domain.progress import Place
from studyapp.models import Assignment, Participant, PlatformIdentity, QuizForm, Stimulus, Study, Trial
from studyapp.models.participation import ParticipantStatus
from studyapp.recruitment import Arrival


class EnrolmentRefusedError(ValueError):
    """Nobody can join now: the study is full, or not open. The message is shown to the visitor."""


@dataclass(frozen=True)
class EndAnswers:
    """The questions after the last item."""

    looked_up: bool | None
    internet_check_answer: str


def hash_entry(study: Study, *, platform: str, arrival: Arrival) -> str:
    """The key under which an arrival takes part once: a hash that nobody without the secret can make; "" for nobody."""
    name = arrival.external_id or arrival.nonce
    if not name:
        return ""
    message = f"{study.slug}\x1f{platform}\x1f{name}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()


def find_by_arrival(study: Study, *, platform: str, arrival: Arrival) -> Participant | None:
    """The participation that this person began before, on whatever device."""
    key = hash_entry(study, platform=platform, arrival=arrival)
    return Participant.objects.filter(study=study, entry_key=key).first() if key else None


@transaction.atomic
def enrol(study: Study, *, platform: str, arrival: Arrival, rng: random.Random, now: datetime) -> Participant:
    """Allocate an arrival to a cell and lay their trials down; somebody known by their id gets their own place back.

    Locks the study, so that arrivals at the same moment fill the cells one after another.

    Raises:
        EnrolmentRefusedError: the study is not open, or every cell is full.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    known = find_by_arrival(study, platform=platform, arrival=arrival)
    if known is not None:
        return known
    if study.state != Study.State.LAUNCHED:
        raise EnrolmentRefusedError("This study takes no participants at present.")
    drop_silent_participants(study, now=now)
    cell = choose_cell(count_cells(study), rng=rng)
    if cell is None:
        raise EnrolmentRefusedError("This study has all the participants it needs. Thank you for your interest.")
    participant = Participant.objects.create(
        study=study,
        entry_key=hash_entry(study, platform=platform, arrival=arrival),
        simulated=platform == "simulated",
        consent_sha256=hashlib.sha256(study.consent_text.encode()).hexdigest(),
        enrolled_at=now,
        last_seen_at=now,
    )
    if arrival.external_id:
        PlatformIdentity.objects.create(
            participant=participant,
            platform=platform,
            external_id=arrival.external_id,
            session_id=arrival.session_id,
        )
    _lay_down_trials(participant, cell=cell, order_seed=rng.getrandbits(62))
    return participant


def count_cells(study: Study) -> list[Cell]:
    """Every arm x form of a study with its target and those who occupy it."""
    occupied = {
        (row["arm_id"], row["form_id"]): row["n"]
        for row in Assignment.objects.filter(participant__in=Participant.objects.filter(study=study).occupying())
        .values("arm_id", "form_id")
        .annotate(n=Count("id"))
    }
    arms = study.arms.values_list("id", flat=True)
    forms = study.quiz_forms.values_list("id", flat=True)
    return [
        Cell(arm_id=arm, form_id=form, target=study.participants_per_cell, occupied=occupied.get((arm, form), 0))
        for arm in arms
        for form in forms
    ]


def drop_silent_participants(study: Study, *, now: datetime) -> int:
    """Give the places back of those who showed no sign of life for the study's dropout time; how many there were."""
    return (
        Participant.objects.filter(study=study)
        .silent_since(now - timedelta(minutes=study.dropout_minutes))
        .update(status=ParticipantStatus.DROPPED_OUT)
    )


@transaction.atomic
def resume(participant: Participant, *, now: datetime) -> Participant:
    """Somebody who had dropped out came back: they go on if their cell still has a place. Locks the study."""
    study = Study.objects.select_for_update().get(pk=participant.study_id)
    participant = Participant.objects.select_related("assignment").get(pk=participant.pk)
    if participant.status != ParticipantStatus.DROPPED_OUT or study.state == Study.State.DRAFT:
        return participant
    own = (participant.assignment.arm_id, participant.assignment.form_id)
    if any(cell.is_open for cell in count_cells(study) if (cell.arm_id, cell.form_id) == own):
        participant.status = ParticipantStatus.ENROLLED
        participant.last_seen_at = now
        participant.save(update_fields=["status", "last_seen_at"])
    return participant


def describe_place(participant: Participant) -> Place:
    """What `domain.progress` needs to find the participant's page."""
    return Place(
        status=participant.status,
        has_started=participant.started_at is not None,
        has_open_trial=participant.trials.still_open().exists(),
        awaits_comprehension=participant.comprehension_passed is None and bool(participant.study.comprehension),
    )


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
        EnrolmentRefusedError: items are still open, so the participation is not complete.
    """
    participant = Participant.objects.select_for_update(of=("self",)).select_related("study").get(pk=participant.pk)
    if participant.status != ParticipantStatus.ENROLLED:
        return participant
    if participant.trials.still_open().exists():
        raise EnrolmentRefusedError("Some articles are still to be answered.")
    study = participant.study
    verdict = decide_exclusion(
        rules=study.exclusion_rules,
        facts=ParticipantFacts(
            internet_check_answer=answers.internet_check_answer,
            internet_check_solutions=tuple(study.internet_check_solutions),
            looked_up=answers.looked_up,
            comprehension_passed=participant.comprehension_passed,
        ),
    )
    participant.looked_up = answers.looked_up
    participant.internet_check_answer = answers.internet_check_answer
    participant.excluded = verdict.excluded
    participant.exclusion_reasons = list(verdict.reasons)
    participant.status = ParticipantStatus.COMPLETED
    participant.completed_at = participant.last_seen_at = now
    participant.save()
    return participant


def record_debriefing(participant: Participant, *, now: datetime) -> None:
    """Keep when the debriefing was first shown."""
    Participant.objects.filter(pk=participant.pk, debriefed_at=None).update(debriefed_at=now)


@transaction.atomic
def withdraw(participant: Participant, *, now: datetime) -> None:
    """Delete what a participant gave, at their wish; their row stays as a count. Locks the participant.

    Bundles that were made before still hold it: `Export.count_withdrawn` tells the researchers.
    """
    participant = Participant.objects.select_for_update().get(pk=participant.pk)
    Trial.objects.filter(participant=participant).delete()
    PlatformIdentity.objects.filter(participant=participant).delete()
    if participant.status != ParticipantStatus.WITHDRAWN:
        participant.status = ParticipantStatus.WITHDRAWN
        participant.withdrawn_at = now
    participant.comprehension_answers = []
    participant.comprehension_passed = None
    participant.looked_up = None
    participant.internet_check_answer = ""
    participant.excluded = False
    participant.exclusion_reasons = []
    participant.save()


def _lay_down_trials(participant: Participant, *, cell: Cell, order_seed: int) -> None:
    form = QuizForm.objects.get(pk=cell.form_id)
    stimuli = {
        (stimulus.item_id, stimulus.source): stimulus
        for stimulus in Stimulus.objects.filter(item__study_id=participant.study_id).filter(
            Q(arm=None) | Q(arm_id=cell.arm_id)
        )
    }
    Assignment.objects.create(participant=participant, arm_id=cell.arm_id, form=form, order_seed=order_seed)
    if participant.study.is_paired:
        trials = [
            Trial(stimulus=stimuli[entry.item_id, "model"], beside=stimuli[entry.item_id, "human"], first=entry.source)
            for entry in form.entries.all()
        ]
    else:
        trials = [Trial(stimulus=stimuli[entry.item_id, entry.source]) for entry in form.entries.all()]
    ordered = order_trials(trials, rng=random.Random(order_seed))
    for position, trial in enumerate(ordered, start=1):
        trial.participant, trial.position = participant, position
    Trial.objects.bulk_create(ordered)
