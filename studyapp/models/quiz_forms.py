"""Forms A and B: which source each item is shown in; in a paired study, which stands first."""

from django.db import models
from django.db.models import Q

from studyapp.models.items import Item
from studyapp.models.study import Study


class QuizForm(models.Model):
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="quiz_forms")
    name = models.CharField(max_length=1)
    seed = models.BigIntegerField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["study", "name"], name="form_name_once_a_study")]

    def __str__(self) -> str:
        return f"form {self.name}"


class QuizFormItem(models.Model):
    """On this form, this item is shown in this source; in a paired study, this source stands first."""

    form = models.ForeignKey(QuizForm, on_delete=models.CASCADE, related_name="entries")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="form_entries")
    source = models.CharField(max_length=5, choices=[("human", "human"), ("model", "model")])

    class Meta:
        ordering = ["item__position"]
        constraints = [
            models.UniqueConstraint(fields=["form", "item"], name="item_once_a_form"),
            models.CheckConstraint(name="source_is_human_or_model", condition=Q(source__in=["human", "model"])),
        ]

    def __str__(self) -> str:
        return f"{self.item} ({self.source}) on {self.form}"
