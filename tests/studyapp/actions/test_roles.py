import pytest
from django.contrib.auth.models import Group, User

from studyapp.actions.audit import acting_as
from studyapp.actions.roles import (
    RESEARCHERS,
    RoleRefusedError,
    ensure_groups,
    give_role,
    list_members,
    list_visible_studies,
    take_role,
)
from studyapp.domain.roles import Role
from studyapp.models import AuditEntry, StudyUserPermission
from tests.studyapp.study_rows import make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return User.objects.create_user("anna", is_staff=True)


@pytest.fixture
def ben():
    return User.objects.create_user("ben", is_staff=True)


def roles(study):
    return {member.user.username: member.role for member in list_members(study)}


def test_whoever_makes_a_study_owns_it_and_gives_others_their_part(anna, ben):
    with acting_as(anna):
        study = make_draft()
        give_role(study, username="ben", role=Role.VIEWER)
        assert roles(study) == {"anna": Role.OWNER, "ben": Role.VIEWER}
        give_role(study, username="ben", role=Role.RESEARCHER)
        assert roles(study)["ben"] is Role.RESEARCHER
    entry = AuditEntry.objects.filter(act="gave_role").latest("id")
    assert (entry.by, entry.detail) == (anna, {"account": "ben", "role": "researcher", "before": "viewer"})
    assert User.objects.get(pk=ben.pk).has_perm("change_study", study)
    take_role(study, username="ben")
    assert roles(study) == {"anna": Role.OWNER}
    assert not User.objects.get(pk=ben.pk).has_perm("view_study", study)


def test_a_study_that_a_command_made_is_the_administrators_alone(anna):
    study = make_draft()
    assert roles(study) == {}
    assert not list_visible_studies(anna).exists()
    assert list(list_visible_studies(User.objects.create_superuser("root"))) == [study]


def test_a_study_keeps_an_owner(anna, ben):
    with acting_as(anna):
        study = make_draft()
    for refused in (
        lambda: take_role(study, username="anna"),
        lambda: give_role(study, username="anna", role=Role.VIEWER),
    ):
        with pytest.raises(RoleRefusedError, match="needs an owner"):
            refused()
    give_role(study, username="ben", role=Role.OWNER)
    take_role(study, username="anna")
    assert roles(study) == {"ben": Role.OWNER}


@pytest.mark.parametrize("fault", [{"is_staff": False}, {"is_staff": True, "is_active": False}])
def test_only_an_account_that_can_sign_in_gets_a_role(fault):
    User.objects.create_user("carl", **fault)
    with pytest.raises(RoleRefusedError, match="no account 'carl'"):
        give_role(make_draft(), username="carl", role=Role.VIEWER)


def test_a_role_ends_with_the_study(anna):
    with acting_as(anna):
        study = make_draft()
    assert StudyUserPermission.objects.count() == 3
    study.delete()
    assert not StudyUserPermission.objects.exists()


def test_researchers_may_make_studies_and_see_nobody_elses(anna):
    ensure_groups()
    ensure_groups()
    anna.groups.add(Group.objects.get(name=RESEARCHERS))
    make_draft()
    assert anna.has_perms(["studyapp.add_study", "studyapp.add_article", "studyapp.add_trainingladder"])
    assert not anna.has_perm("studyapp.view_study")
    assert not list_visible_studies(anna).exists()
