"""Signed links that somebody has come in by: each opens the door once, to one browser."""

from django.db import models

from studyapp.models.study import Study


class SignedEntry(models.Model):
    """A platform's token that was used. Its digest says nothing of a person; rows older than a day are removed."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="signed_entries")
    token_sha256 = models.CharField(max_length=64)
    browser = models.CharField(max_length=64, help_text="drawn for the browser that used it first")
    first_seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "signed entries"
        constraints = [models.UniqueConstraint(fields=["study", "token_sha256"], name="token_used_once_a_study")]

    def __str__(self) -> str:
        return f"{self.token_sha256[:12]} at {self.first_seen_at:%Y-%m-%d %H:%M:%S}"
