"""The places of a study: laid down at launch, and each held by one participant at the most."""

from django.db import models
from django.db.models import Q

from studyapp.models.arms import Arm
from studyapp.models.participation import Participant
from studyapp.models.quiz_forms import QuizForm
from studyapp.models.study import Study


class PlaceQuerySet(models.QuerySet):
    def still_free(self) -> "PlaceQuerySet":
        """Places that nobody holds, in the order in which they are taken."""
        return self.filter(participant=None).order_by("block", "position")


class Place(models.Model):
    """Room for one participant in a cell, at a position of a permuted block; `seed` is that of the block's order.

    A cell has as many places as its target and a place has room for one, so no cell can go over its target.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="places")
    arm = models.ForeignKey(Arm, on_delete=models.RESTRICT, related_name="places")
    form = models.ForeignKey(QuizForm, on_delete=models.RESTRICT, related_name="places")
    block = models.PositiveIntegerField(help_text="from 1")
    position = models.PositiveIntegerField(help_text="in the block, from 1")
    seed = models.BigIntegerField()
    participant = models.OneToOneField(Participant, null=True, on_delete=models.SET_NULL, related_name="place")

    objects = PlaceQuerySet.as_manager()

    class Meta:
        ordering = ["study", "block", "position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "block", "position"], name="position_once_a_block"),
            models.UniqueConstraint(fields=["study", "block", "arm", "form"], name="cell_once_a_block"),
            models.CheckConstraint(name="blocks_count_from_one", condition=Q(block__gte=1, position__gte=1)),
        ]

    def __str__(self) -> str:
        return f"place {self.position} of block {self.block}"
