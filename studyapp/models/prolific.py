"""A study's counterpart on Prolific as it was last read, what staff asked of it, and the webhooks that came.

Ids of Prolific's are platform ids: they are needed to pay people, and never exported. Amounts are in the currency's
hundredths.
"""

from django.db import models
from django.db.models import Q

from studyapp.domain import prolific_records as prolific
from studyapp.models.participation import Participant
from studyapp.models.study import Study


class ProlificStudyQuerySet(models.QuerySet):
    def worth_reading(self) -> "ProlificStudyQuerySet":
        """Linked studies that people take part in, or whose submissions are not all at their end."""
        unsettled = Q(submissions__status__in=[prolific.RESERVED, prolific.ACTIVE, prolific.AWAITING_REVIEW])
        return (
            self.exclude(remote_id="")
            .filter(study__ids_deleted_at=None)
            .filter(Q(study__state=Study.State.LAUNCHED) | unsettled)
            .distinct()
            .order_by("id")
        )


class ProlificStudy(models.Model):
    """The link of a study. Without `remote_id`, a draft is being made there and its id is not known yet."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="prolific")
    remote_id = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=30, blank=True)
    places = models.PositiveIntegerField(default=0)
    places_taken = models.PositiveIntegerField(default=0)
    minutes = models.PositiveIntegerField(default=0)
    reward = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3, default="GBP")
    cost = models.PositiveIntegerField(null=True)
    misfits = models.JSONField(default=list, help_text="what of it would send participants wrong")
    linked_at = models.DateTimeField()
    synced_at = models.DateTimeField(null=True)
    sync_error = models.TextField(blank=True)

    objects = ProlificStudyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "Prolific studies"
        constraints = [
            models.UniqueConstraint(
                fields=["remote_id"], condition=~Q(remote_id=""), name="prolific_study_is_linked_once"
            )
        ]

    def __str__(self) -> str:
        return f"Prolific study of {self.study}"


class AskState(models.TextChoices):
    """What came of what staff asked Prolific for."""

    NONE = ""
    SENT = "sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class ProlificSubmission(models.Model):
    """A submission as Prolific says, and our participant where we know them.

    `person` is the keyed hash of the participant's id (as `Participant.entry_key`): the id itself is not kept here.
    """

    AskState = AskState

    link = models.ForeignKey(ProlificStudy, on_delete=models.CASCADE, related_name="submissions")
    submission_id = models.CharField(max_length=40, unique=True)
    person = models.CharField(max_length=64, blank=True)
    participant = models.ForeignKey(
        Participant, null=True, on_delete=models.SET_NULL, related_name="prolific_submissions"
    )
    status = models.CharField(max_length=30)
    code = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    seconds = models.PositiveIntegerField(null=True, help_text="as Prolific measures it")
    bonuses = models.JSONField(default=list)
    return_requested_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(help_text="when Prolific was asked")
    place_given_back_at = models.DateTimeField(null=True)
    asked = models.CharField(max_length=20, blank=True, help_text="approve, or request a return")
    asked_at = models.DateTimeField(null=True)
    ask_state = models.CharField(max_length=10, choices=AskState, default=AskState.NONE, blank=True)
    ask_message = models.TextField(blank=True)

    class Meta:
        ordering = ["completed_at", "id"]
        indexes = [models.Index(fields=["link", "status"]), models.Index(fields=["link", "person"])]

    def __str__(self) -> str:
        return f"submission {self.pk}"


class BonusState(models.TextChoices):
    RESERVED = "reserved", "being set up"
    SET_UP = "set_up", "set up, not paid"
    PAYING = "paying", "paying"
    ACCEPTED = "accepted", "Prolific is paying"
    PAID = "paid", "paid"
    UNKNOWN = "unknown", "outcome unknown"
    REFUSED = "refused", "not paid"


class ProlificBonusBatch(models.Model):
    """Bonuses that are set up and paid together. Its row is there before Prolific is asked for anything."""

    State = BonusState

    link = models.ForeignKey(ProlificStudy, on_delete=models.CASCADE, related_name="bonus_batches")
    purpose = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=BonusState, default=BonusState.RESERVED)
    remote_id = models.CharField(max_length=60, blank=True)
    people = models.PositiveIntegerField()
    amount = models.PositiveIntegerField(help_text="to each")
    charged = models.PositiveIntegerField(null=True, help_text="by Prolific, with its fees")
    message = models.TextField(blank=True)
    created_at = models.DateTimeField()
    asked_to_pay_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "Prolific bonus batches"

    def __str__(self) -> str:
        return f"bonus for {self.purpose}"


class ProlificBonus(models.Model):
    """One bonus. A submission gets one of a purpose: the database says so, before anybody is paid."""

    batch = models.ForeignKey(ProlificBonusBatch, on_delete=models.CASCADE, related_name="bonuses")
    submission = models.ForeignKey(ProlificSubmission, on_delete=models.RESTRICT, related_name="asked_bonuses")
    purpose = models.CharField(max_length=60)
    amount = models.PositiveIntegerField()
    seen_before = models.PositiveIntegerField(help_text="bonuses of this amount that Prolific showed beforehand")
    seen_paid_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "Prolific bonuses"
        constraints = [
            models.UniqueConstraint(fields=["submission", "purpose"], name="bonus_once_a_submission_and_purpose")
        ]

    def __str__(self) -> str:
        return f"bonus of {self.submission}"


class WebhookEvent(models.Model):
    """A webhook of Prolific's, kept once however often it is delivered. What it says is only a reason to look."""

    event_id = models.CharField(max_length=100, unique=True)
    event_type = models.CharField(max_length=60)
    resource_id = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=30, blank=True)
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["handled_at"])]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"
