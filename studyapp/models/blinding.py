"""What walks of a bot through a study's pages found: whether anything on them tells who wrote a text."""

from django.db import models

from studyapp.models.planning import RunState
from studyapp.models.study import Study


class BlindingAudit(models.Model):
    """One audit of a study's pages, with the texts that it had then (`texts_sha256`)."""

    State = RunState

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="blinding_audits")
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    created_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(null=True, help_text="the worker's last sign of life")
    finished_at = models.DateTimeField(null=True)
    texts_sha256 = models.CharField(max_length=64, blank=True)
    passed = models.BooleanField(null=True, help_text="no finding fails it; unknown until it is done")
    findings = models.JSONField(default=list, help_text="level, kind and message of each")
    numbers = models.JSONField(default=dict, help_text="pages, repeats, times")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"blinding audit {self.pk} of {self.study}"

    @property
    def is_busy(self) -> bool:
        return self.state in (RunState.QUEUED, RunState.RUNNING)
