"""Who did what, and when: rows that are only ever added."""

from django.conf import settings
from django.db import models

from studyapp.models.study import Study


class AuditEntry(models.Model):
    """One act of staff. It outlives the study and the account that it names: both are kept as text beside the link."""

    at = models.DateTimeField()
    study = models.ForeignKey(Study, null=True, on_delete=models.SET_NULL, related_name="audit_entries")
    study_slug = models.CharField(max_length=60, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(max_length=150, help_text="the account, or the command that was typed")
    act = models.CharField(max_length=40, help_text="what was done, as launched or rejected_candidate")
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["study", "act"])]

    def __str__(self) -> str:
        return f"{self.act} by {self.by_name}"
