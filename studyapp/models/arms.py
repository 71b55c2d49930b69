"""The arms of a study: which model writes, and how it is used."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from studyapp.domain.context_choice import ContextRule
from studyapp.domain.text_design import ArmDesign
from studyapp.models.study import Study


class Arm(models.Model):
    """One model, between participants. An unconditioned arm sees neither context nor title."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="arms")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    label = models.CharField(max_length=100, blank=True)
    n_params = models.BigIntegerField(null=True, blank=True)
    is_control = models.BooleanField(default=False)
    generator = models.CharField(
        max_length=300,
        blank=True,
        help_text="checkpoint:FOLDER of the models folder, huggingface:ORG/NAME, or openai:MODEL",
    )
    conditioned = models.BooleanField(default=True, help_text="the prompt holds the context articles and the title")
    sampling = models.JSONField(default=dict, blank=True)
    participants_per_cell = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="on each form; empty: as the study says"
    )
    use = models.JSONField(
        default=dict, blank=True, help_text="how many context articles, which, their order, and an instruction"
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="arm_name_once_a_study"),
            models.UniqueConstraint(
                fields=["study"], condition=Q(is_control=True), name="one_control_a_study", violation_error_message=""
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.name

    @property
    def context_rule(self) -> ContextRule:
        return ArmDesign(name=self.name, **self.use).context_rule

    @property
    def target_per_cell(self) -> int:
        return self.participants_per_cell or self.study.participants_per_cell

    @property
    def is_served(self) -> bool:
        """A server writes its texts, several requests at once for each article; others are written on the workers."""
        return self.generator.startswith("openai")
