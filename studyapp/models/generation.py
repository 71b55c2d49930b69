"""Jobs, the candidates they yield, and the stimuli chosen from them."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from studyapp.domain.shared_runs import describe_run
from studyapp.models.arms import Arm
from studyapp.models.items import Item
from studyapp.models.study import make_code


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class GenerationJobQuerySet(models.QuerySet):
    def of_study(self, study_id: int) -> "GenerationJobQuerySet":
        return self.filter(arm__study_id=study_id)

    def count_errors(self) -> list[dict[str, Any]]:
        """What failed jobs say, once for each arm, with how often: `arm__name`, `error`, `n`."""
        failed = self.filter(state=JobState.FAILED)
        return list(failed.order_by().values("arm__name", "error").annotate(n=Count("id")).order_by("-n", "arm__name"))

    def sum_spending(self) -> list[dict[str, Any]]:
        """What a server has read and written for each arm, and what it cost; arms without are left out."""
        spent = self.exclude(prompt_tokens=0, completion_tokens=0, cost=0)
        sums = {"tokens_in": Sum("prompt_tokens"), "tokens_out": Sum("completion_tokens"), "spent": Sum("cost")}
        return list(spent.order_by().values("arm_id").annotate(**sums))

    def without_fit_candidate(self) -> "GenerationJobQuerySet":
        """Jobs that are done, and none of whose candidates may be shown."""
        fit = Candidate.objects.fit_to_choose().filter(job=OuterRef("pk"))
        return self.filter(~Exists(fit), state=JobState.DONE)

    def silent_since(self, moment: datetime, *, now: datetime) -> "GenerationJobQuerySet":
        """Running jobs without a sign of life since `moment`, or with one from after now: the clock was set back."""
        is_silent = Q(heartbeat_at__lt=moment) | Q(heartbeat_at__gt=now + (now - moment))
        return self.filter(is_silent, state=JobState.RUNNING)


class GenerationJob(models.Model):
    """One article in one arm. The row is the truth: a task only carries its id.

    `claim` is drawn anew by every worker that takes the job up; a worker whose claim is no longer the row's has lost
    the job (it was silent too long) and writes nothing.
    """

    State = JobState

    arm = models.ForeignKey(Arm, on_delete=models.CASCADE, related_name="jobs")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="jobs")
    candidates_wanted = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    claim = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    prompt_tokens = models.PositiveBigIntegerField(default=0, help_text="all that a server has read for this job")
    completion_tokens = models.PositiveBigIntegerField(default=0, help_text="all that a server has written for it")
    cost = models.DecimalField(
        max_digits=14, decimal_places=6, default=0, help_text="at the prices of the time; while it runs, at the most"
    )
    queued_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = GenerationJobQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["arm", "item"], name="one_job_an_arm_and_item")]
        indexes = [models.Index(fields=["state", "heartbeat_at"])]

    def __str__(self) -> str:
        return f"{self.arm.name} x {self.item}"

    @property
    def seconds(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at) / timedelta(seconds=1)


class CandidateQuerySet(models.QuerySet):
    def fit_to_choose(self) -> "CandidateQuerySet":
        """Candidates that the rule may choose from: neither disqualified by a flag nor rejected with a reason."""
        return self.filter(is_fit=True, rejected_reason="")


class Candidate(models.Model):
    """One generated text, kept whatever becomes of it, with the seed that makes it again."""

    job = models.ForeignKey(GenerationJob, on_delete=models.CASCADE, related_name="candidates")
    index = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    text = models.TextField(blank=True)
    words = models.PositiveIntegerField()
    flags = models.JSONField(default=list)
    is_fit = models.BooleanField(help_text="no flag forbids showing it")
    measures = models.JSONField(default=dict, help_text="what the flags follow from")
    n_tokens = models.PositiveIntegerField()
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="as a server counted them")
    model_version = models.CharField(
        max_length=200, blank=True, help_text="a commit of Hugging Face, or the model that the server said has answered"
    )
    seconds = models.FloatField()
    prompt_sha256 = models.CharField(max_length=64)
    context = models.JSONField(
        null=True, blank=True, help_text="ids of the articles that stood in the prompt, in their order; none: unknown"
    )
    rejected_reason = models.CharField(max_length=300, blank=True)
    rejected_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    rejected_at = models.DateTimeField(null=True, blank=True)

    objects = CandidateQuerySet.as_manager()

    class Meta:
        ordering = ["index"]
        constraints = [models.UniqueConstraint(fields=["job", "index"], name="candidate_index_once_a_job")]

    def __str__(self) -> str:
        return f"candidate {self.index + 1} of {self.job}"

    def list_measures(self) -> list[tuple[str, str]]:
        """What was measured of the text, as a reviewer reads it: name and value; nothing for older texts."""
        measured = self.measures
        if not measured:
            return []
        facts = [("Repeated", f"{_percent(measured['repeated_share'])} of its 4-grams")]
        if measured["length_ratio"] is not None:
            facts.insert(0, ("Length", f"{measured['length_ratio']:.2f} of the human article's"))
        for name, label in (("human", "Human article"), ("context", "Context"), ("training", "Training text")):
            run, share = measured[f"{name}_run"], measured[f"{name}_share"]
            if run is not None:
                facts.append((label, f"{describe_run(run)} in a row, {_percent(share)} of its 8-grams"))
        sure = _percent(measured["language_confidence"])
        return [*facts, ("Language", f"{measured['language'] or 'none'} ({sure} sure)")]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


class StimulusQuerySet(models.QuerySet):
    def of_study(self, study_id: int) -> "StimulusQuerySet":
        """A study's texts with their titles, in the order of stimuli.csv: by item, the human one before the models'."""
        texts = self.filter(item__study_id=study_id).select_related("item__article").defer("item__article__body")
        # databases differ in where nulls come
        return texts.order_by("item__position", F("arm__position").asc(nulls_first=True))


class Stimulus(models.Model):
    """The exact text that may be shown for an item: the human one (no arm) or an arm's chosen candidate, normalised."""

    code = models.CharField(max_length=24, unique=True, default=make_code, editable=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="stimuli")
    arm = models.ForeignKey(Arm, null=True, blank=True, on_delete=models.CASCADE, related_name="stimuli")
    candidate = models.OneToOneField(Candidate, null=True, blank=True, on_delete=models.RESTRICT)
    text = models.TextField()
    words = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    normalised = models.JSONField(
        default=list, blank=True, help_text="the rules of normalisation that changed the text"
    )
    normalisation_version = models.CharField(max_length=10, blank=True, help_text="of all rules; empty: unknown")

    objects = StimulusQuerySet.as_manager()

    class Meta:
        ordering = ["item__position", "arm__position"]
        verbose_name_plural = "stimuli"
        constraints = [
            models.UniqueConstraint(fields=["item", "arm"], name="stimulus_once_an_item_and_arm"),
            models.UniqueConstraint(fields=["item"], condition=Q(arm=None), name="one_human_stimulus_an_item"),
            models.CheckConstraint(
                name="model_stimulus_has_its_candidate",
                condition=Q(arm=None, candidate=None) | Q(arm__isnull=False, candidate__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} text of {self.item}"

    @property
    def source(self) -> str:
        return "human" if self.arm_id is None else "model"

    @property
    def normalised_names(self) -> list[str]:
        """The rules that changed it, for people."""
        return [name.replace("_", " ") for name in self.normalised]

    @property
    def original(self) -> str:
        """The text as it was imported or written, before anything was levelled."""
        return self.item.article.body if self.candidate is None else self.candidate.text
