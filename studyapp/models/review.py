"""What reviewers did with a study's items: who has looked at which texts, and which items should not be shown."""

from django.conf import settings
from django.db import models

from studyapp.models.items import Item


class ItemLook(models.Model):
    """Somebody has read an item's versions as they were at that time; other texts have to be looked at anew."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="looks")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(max_length=150, help_text="the account, kept when it is gone")
    texts_sha256 = models.CharField(max_length=64, help_text="of all versions that were on the page")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["item", "by_name", "texts_sha256"], name="look_once_a_reviewer_and_texts")
        ]

    def __str__(self) -> str:
        return f"{self.by_name} at {self.item}"


class ItemFlag(models.Model):
    """An item whose human article should not be shown, with the reason; a draft's can be taken out."""

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="flag")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.item}: {self.reason}"
