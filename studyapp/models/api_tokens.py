"""Tokens by which programs of a staff member use the API; the secret itself is nowhere stored."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q


class ApiTokenQuerySet(models.QuerySet):
    def usable(self, now: datetime) -> "ApiTokenQuerySet":
        """Neither revoked nor expired, and their owner may still sign in as staff."""
        return self.filter(
            Q(expires_at__gt=now), revoked_at=None, owner__is_active=True, owner__is_staff=True
        ).select_related("owner")


class ApiToken(models.Model):
    """One token. `prefix` names it openly, in lists and logs; of its secret only the SHA-256 is kept."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    label = models.CharField(max_length=80, help_text="what it is for")
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    may_export = models.BooleanField(default=False, help_text="may fetch bundles; without it, counts only")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…)"
