"""Simulations that plan a study: what was assumed, and what came of it."""

from django.conf import settings
from django.db import models

from studyapp.models.study import Study


class RunState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class PowerRun(models.Model):
    """One simulation of a study's power. `parameters` is the plan as the analysis reads it, `result` what it gave."""

    State = RunState

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="power_runs")
    created_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    parameters = models.JSONField()
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    done = models.PositiveIntegerField(default=0, help_text="designs of the grid that are simulated")
    total = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    result = models.JSONField(null=True)
    table = models.TextField(blank=True, help_text="every number, as CSV")
    picture = models.TextField(blank=True, help_text="SVG")
    heartbeat_at = models.DateTimeField(null=True, help_text="the worker's last sign of life")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"plan of {self.study} of {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_busy(self) -> bool:
        return self.state in (RunState.QUEUED, RunState.RUNNING)
