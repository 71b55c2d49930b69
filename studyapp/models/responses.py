"""Answers, appended once and never changed."""

from django.db import models
from django.db.models import Q

from studyapp.domain.behaviour import INPUT_KINDS, VIEWPORTS
from studyapp.domain.judgment import LABELS
from studyapp.domain.reading_time import measure_seconds
from studyapp.models.participation import Trial


class Response(models.Model):
    """The answer to one trial. From `page_seconds` on: what the browser measured, within bounds."""

    trial = models.OneToOneField(Trial, on_delete=models.CASCADE, related_name="response")
    judgment = models.PositiveSmallIntegerField(choices=[(int(j), label) for j, label in LABELS.items()])
    seen_before = models.BooleanField(null=True)
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField()
    page_seconds = models.FloatField(null=True)
    active_seconds = models.FloatField(null=True)
    focus_losses = models.PositiveIntegerField(null=True)
    answer_changes = models.PositiveIntegerField(null=True)
    pastes = models.PositiveIntegerField(null=True, help_text="into the comment")
    viewport = models.CharField(max_length=6, blank=True, choices=[(name, name) for name in VIEWPORTS])
    input_kind = models.CharField(max_length=15, blank=True, choices=[(name, name) for name in INPUT_KINDS])

    class Meta:
        constraints = [
            models.CheckConstraint(name="judgment_is_on_the_scale", condition=Q(judgment__gte=1, judgment__lte=5))
        ]

    def __str__(self) -> str:
        return f"answer to {self.trial}"

    @property
    def seconds(self) -> float | None:
        """From the first time the server sent the page to the answer; never the browser's clock."""
        return measure_seconds(shown_at=self.trial.shown_at, answered_at=self.answered_at)
