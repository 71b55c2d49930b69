"""Who works on a study, and in which role. Every change is in the audit log."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import QuerySet
from guardian.shortcuts import assign_perm, get_objects_for_user, get_user_perms, get_users_with_perms, remove_perm

from studyapp.actions.audit import find_account, record
from studyapp.domain.roles import PERMISSIONS, VIEW, Role, find_role
from studyapp.models import Study

RESEARCHERS = "Researchers"
RESEARCHERS_MAY = ("add_study", "add_article", "view_article", "add_trainingladder", "view_trainingladder")


class RoleRefusedError(ValueError):
    """A role cannot be given or taken; the message says why."""


@dataclass(frozen=True)
class Member:
    """Somebody who works on a study."""

    user: User
    role: Role


def ensure_groups() -> None:
    """The group whose members may make studies, import articles and train models; made where it is missing."""
    group, _ = Group.objects.get_or_create(name=RESEARCHERS)
    may = Permission.objects.filter(content_type__app_label="studyapp", codename__in=RESEARCHERS_MAY)
    group.permissions.add(*may)


def list_members(study: Study) -> list[Member]:
    """Everybody with a role of their own in the study, by name; administrators may do everything beside them."""
    members = []
    users = get_users_with_perms(study, with_superusers=False, with_group_users=False)
    for user in sorted(users, key=lambda user: user.get_username()):
        role = find_role(get_user_perms(user, study))
        if role is not None:
            members.append(Member(user=user, role=role))
    return members


def list_visible_studies(user: User) -> "QuerySet[Study]":
    """The studies that an account may look at: its own, its groups', and all of them for an administrator."""
    return get_objects_for_user(user, f"studyapp.{VIEW}", klass=Study)


@transaction.atomic
def give_role(study: Study, *, username: str, role: Role) -> Member:
    """Give an account a role in a study, in place of the one it had. Locks the study.

    Raises:
        RoleRefusedError: there is no such account among the staff, or the study would be left without an owner.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    user = _find_staff(username)
    had = find_role(get_user_perms(user, study))
    if had is Role.OWNER and role is not Role.OWNER:
        _keep_an_owner(study, without=user)
    for permission in PERMISSIONS[Role.OWNER]:
        (assign_perm if permission in PERMISSIONS[role] else remove_perm)(permission, user, study)
    record(study, "gave_role", account=username, role=role.value, before=had.value if had else None)
    return Member(user=user, role=role)


@transaction.atomic
def take_role(study: Study, *, username: str) -> None:
    """End an account's part in a study. Locks the study.

    Raises:
        RoleRefusedError: there is no such account, or the study would be left without an owner.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    user = _find_staff(username)
    had = find_role(get_user_perms(user, study))
    if had is None:
        return
    if had is Role.OWNER:
        _keep_an_owner(study, without=user)
    for permission in PERMISSIONS[Role.OWNER]:
        remove_perm(permission, user, study)
    record(study, "took_role", account=username, before=had.value)


def own_new_study(study: Study) -> None:
    """Make the account that acts the owner of a study that it has just made; a command's study has none yet."""
    account = find_account()
    if account is not None:
        for permission in PERMISSIONS[Role.OWNER]:
            assign_perm(permission, account, study)


def copy_roles(study: Study, copy: Study) -> None:
    """Let those who work on a study work on its copy, in the same roles."""
    for member in list_members(study):
        for permission in PERMISSIONS[member.role]:
            assign_perm(permission, member.user, copy)


def _find_staff(username: str) -> User:
    username = username.replace("\x00", "")  # PostgreSQL takes none in a text
    user = User.objects.filter(username=username, is_active=True, is_staff=True).first()
    if user is None:
        raise RoleRefusedError(
            f"There is no account {username!r} that may sign in here; an administrator makes accounts under Staff."
        )
    return user


def _keep_an_owner(study: Study, *, without: User) -> None:
    owners = [member for member in list_members(study) if member.role is Role.OWNER and member.user.pk != without.pk]
    if not owners:
        raise RoleRefusedError("A study needs an owner: make somebody else one first.")
