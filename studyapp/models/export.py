"""Bundles that were written, and the reports made from them."""

from pathlib import Path

from django.conf import settings
from django.db import models

from studyapp.models.responses import Response
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
    is_public = models.BooleanField(default=False)
    for_spreadsheets = models.BooleanField(default=False)
    privacy = models.JSONField(default=dict, help_text="what was done to publish it")
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    report_state = models.CharField(max_length=10, choices=ReportState, default=ReportState.NONE)
    report_error = models.TextField(blank=True)
    report_seen_at = models.DateTimeField(null=True, help_text="when it was wanted, or its worker's last sign of life")

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.file_name

    def count_withdrawn(self) -> int:
        """How many participants whose answers are in the bundle have withdrawn since it was made."""
        return self.study.participants.filter(enrolled_at__lt=self.created_at, withdrawn_at__gt=self.created_at).count()

    def count_answered_since(self) -> int:
        """How many answers the study has had since the bundle was made, which it does not hold."""
        return Response.objects.filter(
            trial__participant__study_id=self.study_id, answered_at__gt=self.created_at
        ).count()

    @property
    def bundle_path(self) -> Path:
        return Path(settings.EXPORTS_DIR) / self.file_name

    @property
    def report_dir(self) -> Path:
        return Path(settings.REPORTS_DIR) / Path(self.file_name).stem

    @property
    def has_pdf(self) -> bool:
        """A report of an earlier version may have none."""
        return (self.report_dir / "report.pdf").is_file()


class LoadedBundle(models.Model):
    """Where a study comes from that was not made here, but built again from its bundle."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="origin")
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, help_text="of the bundle's manifest.json, which names the rest by SHA-256")
    manifest = models.JSONField(help_text="the bundle's manifest, without its files and design")
    exported_at = models.DateTimeField(help_text="the moment whose data the bundle holds")
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.study} from {self.file_name}"
