"""Bundles that were written, and the reports made from them."""

from pathlib import Path

from django.conf import settings
from django.db import models

from studyapp.models.study import Study


class ReportState(models.TextChoices):
    NONE = "none"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Export(models.Model):
    """One bundle of one study, as it stood at `created_at`."""

    ReportState = ReportState

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="exports")
    created_at = models.DateTimeField()
    file_name = models.CharField(max_length=200)
    participants = models.PositiveIntegerField()
    trials = models.PositiveIntegerField()
    report_state = models.CharField(max_length=10, choices=ReportState, default=ReportState.NONE)
    report_error = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.file_name

    def count_withdrawn(self) -> int:
        """How many participants whose answers are in the bundle have withdrawn since it was made."""
        return self.study.participants.filter(enrolled_at__lt=self.created_at, withdrawn_at__gt=self.created_at).count()

    @property
    def bundle_path(self) -> Path:
        return Path(settings.EXPORTS_DIR) / self.file_name

    @property
    def report_dir(self) -> Path:
        return Path(settings.REPORTS_DIR) / Path(self.file_name).stem
