"""Ladders that are trained by the queue, from nothing or by fine-tuning other models, and the job of each model."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse


class TrainingState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


class TrainingLadder(models.Model):
    """A ladder of models on one corpus. Its slug is the folder of its models on the shelf (BYLINE_MODELS).

    One that fine-tunes has `tuning`, and each of its jobs a `base`; one that trains from nothing has a ladder file.
    """

    slug = models.SlugField("name", max_length=60, unique=True)
    text = models.TextField(blank=True, help_text="the ladder file, TOML, with the budget put in")
    tuning = models.JSONField(default=dict, blank=True, help_text="how models are fine-tuned; empty: they are trained")
    corpus_files = models.JSONField(default=list, help_text="names in the folder of corpora")
    takes_imported = models.BooleanField(default=False, help_text="trained on the imported articles of no study")
    kept_out = models.JSONField(default=list, help_text="whose articles were kept out of the corpus, in words")
    n_kept_out = models.PositiveIntegerField(default=0, help_text="articles that the corpus was searched for")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("staff:training_ladder", args=[self.slug])

    @property
    def folder(self) -> Path:
        """Where its models come to lie."""
        return Path(settings.MODELS_DIR) / self.slug

    @property
    def material_dir(self) -> Path:
        """Where the files made for it lie: imported articles to train on, and articles to keep out."""
        return Path(settings.TRAINING_DIR) / self.slug

    @property
    def is_tuning(self) -> bool:
        return bool(self.tuning)

    @property
    def corpus_paths(self) -> tuple[Path, ...]:
        chosen = tuple(Path(settings.CORPORA_DIR) / name for name in self.corpus_files)
        return (*chosen, self.material_dir / "articles.jsonl") if self.takes_imported else chosen

    @property
    def other_paths(self) -> tuple[Path, ...]:
        """Of a fine-tuning: what else its models' loss is measured on."""
        return tuple(Path(settings.CORPORA_DIR) / name for name in self.tuning.get("others", []))

    @property
    def exclude_paths(self) -> tuple[Path, ...]:
        return (self.material_dir / "exclude.jsonl",) if self.n_kept_out else ()


class TrainingJobQuerySet(models.QuerySet):
    def silent_since(self, moment: datetime, *, now: datetime) -> "TrainingJobQuerySet":
        """Running jobs without a sign of life since `moment`, or with one from after now: the clock was set back."""
        is_silent = Q(heartbeat_at__lt=moment) | Q(heartbeat_at__gt=now + (now - moment))
        return self.filter(is_silent, state=TrainingState.RUNNING)


class TrainingJob(models.Model):
    """One model of a ladder. The row is the truth: a task only carries its id.

    `claim` is drawn anew by every worker that takes the job up; a worker whose claim is no longer the row's has lost
    the job and ends its run. What the run saved lies in its folder, and the next worker goes on from there.
    """

    State = TrainingState

    ladder = models.ForeignKey(TrainingLadder, on_delete=models.CASCADE, related_name="jobs")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    size = models.CharField(max_length=60)
    n_params = models.BigIntegerField()
    budget = models.BigIntegerField(help_text="tokens to be trained on; 0: known once the corpus is read")
    base = models.CharField(max_length=300, blank=True, help_text="the model that is fine-tuned, as an arm says it")
    state = models.CharField(max_length=10, choices=TrainingState, default=TrainingState.QUEUED)
    claim = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    step = models.PositiveIntegerField(default=0)
    n_steps = models.PositiveIntegerField(default=0)
    tokens = models.BigIntegerField(default=0)
    train_loss = models.FloatField(null=True)
    held_out_loss = models.FloatField(null=True)
    tokens_per_second = models.FloatField(null=True)
    seconds_left = models.FloatField(null=True)
    flop_use = models.FloatField(null=True, help_text="share of the machine's measured rate")
    curve = models.JSONField(default=dict, help_text="train and held_out: lists of (tokens, nats a token)")

    objects = TrainingJobQuerySet.as_manager()

    class Meta:
        ordering = ["ladder", "position"]
        constraints = [
            models.UniqueConstraint(fields=["ladder", "name"], name="model_name_once_a_ladder"),
            models.UniqueConstraint(
                fields=["ladder"], condition=models.Q(state="running"), name="one_running_job_a_ladder"
            ),
        ]
        indexes = [models.Index(fields=["state", "heartbeat_at"])]

    def __str__(self) -> str:
        return f"{self.ladder.slug}/{self.name}"

    @property
    def generator(self) -> str:
        """What an arm says to have its articles written by this model."""
        return f"checkpoint:{self.ladder.slug}/{self.name}"

    @property
    def share(self) -> float:
        """Of its tokens, how many it has seen; 1 when it is done."""
        if self.state == TrainingState.DONE:
            return 1.0
        return min(1.0, self.tokens / self.budget) if self.budget else 0.0

    @property
    def is_measured(self) -> bool:
        """Tuned, and on the way to being held against the model that it was."""
        return bool(self.base and self.step) and self.state == TrainingState.RUNNING and self.step == self.n_steps

    @property
    def losses(self) -> dict[str, Any]:
        return {"train": self.curve.get("train", []), "held_out": self.curve.get("held_out", [])}
