"""People in a study: who they are to us (a code), where they were allocated, and what they will be shown."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from studyapp.domain.attention import GivenAnswer
from studyapp.domain.reading_time import measure_seconds
from studyapp.models.arms import Arm
from studyapp.models.generation import Stimulus
from studyapp.models.quiz_forms import QuizForm
from studyapp.models.study import Study, make_code
from studyapp.models.written_once import RowsOnce, UpdateOnce, moment, number, words


class ParticipantStatus(models.TextChoices):
    ENROLLED = "enrolled", "at work"
    COMPLETED = "completed"
    SCREENED_OUT = "screened_out"
    DROPPED_OUT = "dropped_out"
    WITHDRAWN = "withdrawn"


def say_nothing_given() -> dict[str, Any]:
    """The columns that hold what somebody said beside their trials, as they are when it is deleted."""
    return {
        "agreed_again_at": None,
        "comprehension_answers": [],
        "comprehension_passed": None,
        "attention_answers": [],
        "looked_up": None,
        "internet_check_answer": "",
        "exclusion_facts": {},
    }


class ParticipantQuerySet(models.QuerySet):
    def silent_since(self, moment: datetime) -> "ParticipantQuerySet":
        return self.filter(status=ParticipantStatus.ENROLLED, last_seen_at__lt=moment)


class Participant(models.Model):
    """A person in a study, or a simulated one.

    `entry_key` (a keyed hash of the platform's id and the study, `actions.person_keys`) lets nobody in twice;
    `person_key` (one without the study) tells whether they took part in another study that excludes this one. Both are
    kept after a withdrawal.
    """

    Status = ParticipantStatus

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="participants")
    code = models.CharField(max_length=24, unique=True, default=make_code, editable=False)
    entry_key = models.CharField(max_length=64, blank=True, editable=False)
    person_key = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    simulated = models.BooleanField(default=False, editable=False)
    status = models.CharField(max_length=12, choices=ParticipantStatus, default=ParticipantStatus.ENROLLED)
    dropout_reason = models.CharField(max_length=40, blank=True, help_text="empty: silent for too long")
    consent_sha256 = models.CharField(max_length=64, help_text="of the consent text that was agreed to")
    language = models.CharField(
        max_length=20, blank=True, help_text="in which they agreed and read; empty: the study's"
    )
    enrolled_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, help_text="when the instructions were done")
    last_seen_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True, help_text="when they dropped out or were screened out")
    debriefed_at = models.DateTimeField(null=True)
    agreed_again_at = models.DateTimeField(null=True, help_text="after the debriefing, where the study asks for it")
    comprehension_answers = models.JSONField(
        default=list, help_text="a list for each try at the questions about the instructions: choices, from 0"
    )
    comprehension_passed = models.BooleanField(null=True, help_text="unknown until the last try")
    attention_answers = models.JSONField(
        default=list, help_text="of each attention check that was shown: shown_at, answer (from 1), answered_at"
    )
    looked_up = models.BooleanField(null=True)
    internet_check_answer = models.CharField(max_length=200, blank=True)
    excluded = models.BooleanField(default=False)
    exclusion_reasons = models.JSONField(default=list)
    exclusion_facts = models.JSONField(default=dict, help_text="by rule that was broken: what led to it")
    screen_out_reason = models.CharField(max_length=60, blank=True)

    lead = timedelta()  # by how much the time of a simulated one is ahead, in this very request

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "entry_key"], condition=~Q(entry_key=""), name="participant_takes_part_once"
            ),
            models.CheckConstraint(
                name="completed_participant_has_time",
                condition=~Q(status="completed") | Q(completed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="screened_out_participant_has_reason",
                condition=~Q(status="screened_out") | ~Q(screen_out_reason=""),
            ),
        ]
        indexes = [models.Index(fields=["study", "status", "last_seen_at"])]

    def __str__(self) -> str:
        return self.code

    @cached_property
    def next_trial(self) -> "Trial | None":
        """The next open trial, looked up once a request; `answer_trial` sets the one that follows."""
        return self.find_two_open()[0]

    def find_two_open(self) -> tuple["Trial | None", "Trial | None"]:
        """The next open trial and the one after it."""
        found = list(_list_open(participant=self.pk))
        for trial in found:
            trial.participant = self
        return (*found, None, None)[:2]

    def list_seconds(self) -> list[float | None]:
        """The seconds that each trial took from its first sight to its answer, in order; None while it is open."""
        times = [(trial.shown_at, trial.answered_at) for trial in _list_times(participant=self.pk)]
        return [
            (measure_seconds(shown_at=shown, answered_at=answered) or 0.0) if answered else None
            for shown, answered in times
        ]

    def forget_next_trial(self) -> None:
        """Look it up anew when it is asked for."""
        self.__dict__.pop("next_trial", None)

    @property
    def comprehension_tries(self) -> int:
        """How often they answered the questions about the instructions."""
        return len(self.comprehension_answers)

    @property
    def attention_given(self) -> list[GivenAnswer]:
        return [GivenAnswer(**entry) for entry in self.attention_answers]

    @property
    def ended_at(self) -> datetime | None:
        """When they completed, dropped out or were screened out; None while they are at work."""
        return None if self.status == ParticipantStatus.ENROLLED else self.completed_at or self.left_at

    @property
    def minutes(self) -> float | None:
        if self.completed_at is None:
            return None
        return (self.completed_at - self.enrolled_at) / timedelta(minutes=1)


class PlatformIdentity(models.Model):
    """The platform's own ids, kept apart because only payment needs them; never exported.

    They go with a withdrawal, and by `purge` the study's days after it is closed.
    """

    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, related_name="identity")
    platform = models.CharField(max_length=30)
    external_id = models.CharField(max_length=120)
    session_id = models.CharField(max_length=120, blank=True, help_text="the newest that they came with")
    captured = models.JSONField(default=dict, help_text="further parameters of their link")

    class Meta:
        verbose_name_plural = "platform identities"

    def __str__(self) -> str:
        return f"{self.platform} identity of {self.participant}"


class Assignment(models.Model):
    """The cell a participant was allocated to, for good, the block whose titles they see, and their order's seed."""

    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, related_name="assignment")
    arm = models.ForeignKey(Arm, on_delete=models.RESTRICT, related_name="assignments")
    form = models.ForeignKey(QuizForm, on_delete=models.RESTRICT, related_name="assignments")
    block = models.PositiveIntegerField(null=True, help_text="from 1; empty: allocated before there were blocks")
    order_seed = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.participant}: {self.arm.name}, {self.form}"


class TrialQuerySet(models.QuerySet):
    def still_open(self) -> "TrialQuerySet":
        """Trials without a response, the next one first."""
        return self.filter(response=None).order_by("position")


class Trial(models.Model):
    """One stimulus at one position for one participant, laid down when they enrol. Its code names it in addresses.

    In a paired study the stimulus is the model's text, `beside` the human one that stands next to it, and `first` says
    whose stands first. Where texts are shown in stages, `stages_shown_at` are the moments (ISO 8601) at which the
    second and those after it were first shown; the first stage's is `shown_at`.
    """

    code = models.CharField(max_length=24, unique=True, default=make_code, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="trials")
    stimulus = models.ForeignKey(Stimulus, on_delete=models.RESTRICT, related_name="trials")
    beside = models.ForeignKey(Stimulus, null=True, blank=True, on_delete=models.RESTRICT, related_name="trials_beside")
    first = models.CharField(max_length=5, blank=True, choices=[("model", "model"), ("human", "human")])
    position = models.PositiveIntegerField(help_text="from 1")
    shown_at = models.DateTimeField(null=True, help_text="when the server first sent it")
    stages_shown_at = models.JSONField(default=list, blank=True)

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering = ["participant", "position"]
        constraints = [
            models.UniqueConstraint(fields=["participant", "position"], name="position_once_a_participant"),
            models.UniqueConstraint(fields=["participant", "stimulus"], name="stimulus_once_a_participant"),
            models.CheckConstraint(
                name="pair_says_whose_text_is_first",
                condition=Q(beside=None, first="") | Q(beside__isnull=False, first__in=["model", "human"]),
            ),
        ]

    def __str__(self) -> str:
        return f"trial {self.position} of {self.participant}"

    @property
    def shown_times(self) -> list[datetime]:
        """When each stage that was shown was shown first."""
        if self.shown_at is None:
            return []
        return [self.shown_at, *map(datetime.fromisoformat, self.stages_shown_at)]

    @property
    def texts(self) -> list[Stimulus]:
        """What the page shows, in its order: one text, or the two of a pair."""
        if self.beside is None:
            return [self.stimulus]
        return [self.stimulus, self.beside] if self.first == "model" else [self.beside, self.stimulus]


# What every page of an article asks.
_list_open = RowsOnce(Trial, lambda: Trial.objects.filter(participant=number("participant")).still_open()[:2])
_list_times = RowsOnce(
    Trial,
    lambda: (
        Trial.objects.filter(participant=number("participant"))
        .order_by("position")
        .only("shown_at")
        .annotate(answered_at=F("response__answered_at"))
    ),
)
find_participant_of_page = RowsOnce(
    Participant,
    lambda: Participant.objects.filter(study=number("study"), code=words("code")).order_by(),
)
keep_first_sight = UpdateOnce(lambda: Trial.objects.filter(pk=number("trial"), shown_at=None), shown_at=moment("now"))
keep_last_sight = UpdateOnce(lambda: Participant.objects.filter(pk=number("participant")), last_seen_at=moment("now"))
