"""Who has which permission on which study, as django-guardian keeps it; deleted with the study or the account."""

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from studyapp.models.study import Study


class StudyUserPermission(UserObjectPermissionBase):
    """A permission of an account on a study."""

    content_object = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="user_permissions")


class StudyGroupPermission(GroupObjectPermissionBase):
    """A permission of a group on a study."""

    content_object = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="group_permissions")
