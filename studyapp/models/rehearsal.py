"""Dress rehearsals of a study: who asked for one, the copy that it runs on, and what was planted and found."""

from django.conf import settings
from django.db import models

from studyapp.models.planning import RunState
from studyapp.models.study import Study


class Rehearsal(models.Model):
    """One rehearsal. Its `copy` is a study of its own, marked for ever; deleting it deletes the rehearsal.

    `verdict` holds every check with what was planted, what was found and the tolerance; `passed` is None until then.
    """

    State = RunState

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="rehearsals")
    copy = models.OneToOneField(Study, null=True, on_delete=models.CASCADE, related_name="rehearsal")
    created_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    per_cell = models.PositiveIntegerField(help_text="simulated participants in each arm x form")
    seed = models.BigIntegerField(help_text="of everything that simulated participants draw")
    parameters = models.JSONField(default=dict, help_text="what is planted, and the shares of the kinds of people")
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    done = models.PositiveIntegerField(default=0, help_text="simulated participants who have been sent")
    total = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    verdict = models.JSONField(null=True)
    passed = models.BooleanField(null=True)
    heartbeat_at = models.DateTimeField(null=True, help_text="the worker's last sign of life")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"rehearsal {self.pk} of {self.study}"

    @property
    def is_busy(self) -> bool:
        return self.state in (RunState.QUEUED, RunState.RUNNING)
