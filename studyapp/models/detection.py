"""Machine detectors at a study's texts: what was asked for, how far it is, and every score it gave."""

from django.conf import settings
from django.db import models

from studyapp.models.generation import Stimulus
from studyapp.models.study import Study


class DetectorRunState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class DetectorRun(models.Model):
    """All detectors of one request. `parameters`: the plan as the generator reads it; {} where a bundle brought it."""

    State = DetectorRunState

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="detector_runs")
    created_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=DetectorRunState, default=DetectorRunState.QUEUED)
    claim = models.CharField(max_length=32, blank=True, help_text="of the worker that is at it")
    steps_done = models.JSONField(default=list, help_text="the parts whose scores are stored")
    steps = models.PositiveIntegerField(default=0, help_text="parts in all")
    done = models.PositiveBigIntegerField(default=0, help_text="tokens of this part that are read")
    total = models.PositiveBigIntegerField(default=0)
    notes = models.JSONField(default=list, help_text="what could not be worked out, in words")
    error = models.TextField(blank=True)
    heartbeat_at = models.DateTimeField(null=True, help_text="the worker's last sign of life")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"detectors of {self.study} of {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_busy(self) -> bool:
        return self.state in (DetectorRunState.QUEUED, DetectorRunState.RUNNING)


class DetectorScore(models.Model):
    """A detector's score of one stimulus: a row of detectors.csv."""

    run = models.ForeignKey(DetectorRun, on_delete=models.CASCADE, related_name="scores")
    stimulus = models.ForeignKey(Stimulus, on_delete=models.CASCADE, related_name="detector_scores")
    detector = models.CharField(max_length=40)
    scorer = models.CharField(max_length=200, blank=True, help_text="the model; empty: none")
    given = models.CharField(max_length=10, help_text="what stood before the text: nothing, title")
    machine_when = models.CharField(max_length=4, choices=[("high", "high"), ("low", "low")])
    score = models.FloatField(null=True)
    tokens = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "stimulus", "detector", "scorer", "given"], name="one_score_a_detector_and_text"
            )
        ]

    def __str__(self) -> str:
        return f"{self.detector} of {self.stimulus_id}"
