"""Who may open and change which staff page, by role."""

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from studyapp.actions.roles import RESEARCHERS, ensure_groups, give_role
from studyapp.domain.roles import Role
from studyapp.models import AuditEntry, Study
from tests.studyapp.study_rows import enrol, make_draft, make_launched

pytestmark = pytest.mark.django_db
STUDY_PAGES = ("study_overview", "study_generation", "study_review", "study_launch", "study_export", "study_people")


def page(name, *arguments):
    return reverse(f"staff:{name}", args=arguments)


def sign_in(client, name, *, study=None, role=None):
    user = User.objects.create_user(name, is_staff=True)
    if role is not None:
        give_role(study, username=name, role=role)
    client.force_login(user)
    return user


def test_a_study_is_there_only_for_those_with_a_part_in_it(client):
    study = make_draft()
    sign_in(client, "anna")
    assert study.title not in client.get(page("study_list")).text
    for name in STUDY_PAGES:
        assert client.get(page(name, study.slug)).status_code == 404
        assert client.post(page(name, study.slug), {"do": "close", "sure": "yes"}).status_code == 404
    give_role(study, username="anna", role=Role.VIEWER)
    assert study.title in client.get(page("study_list")).text
    for name in STUDY_PAGES:
        assert client.get(page(name, study.slug), follow=True).status_code == 200


@pytest.mark.parametrize("name", ["study_generation", "study_review", "study_launch", "study_export", "study_people"])
def test_a_viewer_changes_nothing(client, name):
    study = make_launched()
    sign_in(client, "anna", study=study, role=Role.VIEWER)
    before = AuditEntry.objects.count()
    answer = client.post(page(name, study.slug), {"do": "close", "sure": "yes"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert Study.objects.get().state == Study.State.LAUNCHED
    assert (AuditEntry.objects.count(), study.exports.count()) == (before, 0)


def test_a_researcher_sets_a_study_up_but_its_owner_launches_closes_and_says_who_works_on_it(client):
    study = make_launched()
    ben = User.objects.create_user("ben", is_staff=True)
    sign_in(client, "anna", study=study, role=Role.RESEARCHER)
    assert client.post(page("study_review", study.slug), {"do": "forms"}).status_code == 302
    for name in ("study_launch", "study_people"):
        answer = client.post(page(name, study.slug), {"do": "close", "sure": "yes", "username": "ben", "role": "owner"})
        assert answer.status_code == 403
    assert not ben.has_perm("view_study", study)
    give_role(study, username="anna", role=Role.OWNER)
    assert client.post(page("study_launch", study.slug), {"do": "close", "sure": "yes"}).status_code == 302
    assert Study.objects.get().state == Study.State.CLOSED


def test_an_owner_gives_and_takes_roles_on_the_page(client):
    study = make_draft()
    User.objects.create_user("ben", is_staff=True)
    sign_in(client, "anna", study=study, role=Role.OWNER)
    given = {"do": "give", "username": "ben", "role": "researcher"}
    assert "ben is a researcher" in client.post(page("study_people", study.slug), given, follow=True).text
    refused = client.post(page("study_people", study.slug), {"do": "give", "username": "nobody", "role": "viewer"})
    assert "There is no account &#x27;nobody&#x27;" in refused.text
    taken = client.post(page("study_people", study.slug), {"do": "take", "username": "ben"}, follow=True)
    assert "is ended" in taken.text and "ben" not in taken.text
    kept = client.post(page("study_people", study.slug), {"do": "take", "username": "anna"}, follow=True)
    assert "needs an owner" in kept.text
    entry = AuditEntry.objects.filter(act="took_role").get()
    assert (entry.by_name, entry.detail["account"]) == ("anna", "ben")


@pytest.mark.parametrize("name", ["study_new", "article_import", "training_new"])
def test_making_studies_importing_and_training_need_the_right_to(client, name):
    user = sign_in(client, "anna")
    refused = client.get(page(name))
    assert refused.status_code == 403
    assert "An administrator can give you the right" in refused.text
    ensure_groups()
    user.groups.add(Group.objects.get(name=RESEARCHERS))
    assert client.get(page(name)).status_code == 200


def test_a_role_in_a_study_shows_no_rows_of_the_admin(client):
    study = make_draft()
    sign_in(client, "anna", study=study, role=Role.OWNER)
    front = client.get(page("study_list")).text
    assert reverse("admin:studyapp_participant_changelist") not in front
    assert client.get(reverse("admin:studyapp_participant_changelist")).status_code == 403
    assert client.get(reverse("admin:studyapp_study_change", args=[study.pk])).status_code in (302, 403)


def test_a_change_in_the_admin_is_in_the_log(admin_client, admin_user):
    target = User.objects.create_user("ben", is_staff=True)
    answer = admin_client.post(
        reverse("admin:auth_user_change", args=[target.pk]),
        {"username": "ben", "first_name": "Ben", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"},
    )
    assert answer.status_code == 302
    entry = AuditEntry.objects.get(act="changed_row")
    assert (entry.by, entry.detail["kind"], entry.detail["row"]) == (admin_user, "user", "ben")
    assert "First name" in str(entry.detail["changes"])


def test_unblinding_is_the_owners_alone(client):
    study = make_launched()
    enrol(study, "0" * 24)
    sign_in(client, "anna", study=study, role=Role.RESEARCHER)
    wanted = {"do": "unblind", "reason": "a harm was reported"}
    assert "for an owner" in client.post(page("study_export", study.slug), wanted, follow=True).text
    assert not AuditEntry.objects.filter(act="unblinded").exists()
    give_role(study, username="anna", role=Role.OWNER)
    client.post(page("study_export", study.slug), wanted)
    assert AuditEntry.objects.get(act="unblinded").reason == "a harm was reported"


def test_a_preview_is_for_those_with_a_part_in_the_study_who_gave_their_second_factor(client):
    study = make_draft()
    address = reverse("rater:preview", args=[study.slug, "small", "A", "consent"])
    assert client.get(address).status_code == 302
    user = sign_in(client, "anna")
    assert client.get(address).status_code == 404
    give_role(study, username="anna", role=Role.VIEWER)
    assert client.get(address).status_code == 200
    TOTPDevice.objects.create(user=user, confirmed=True)
    assert client.get(address).url.startswith(reverse("staff:second_factor_verify"))


def test_signing_in_leads_to_the_studies(client):
    User.objects.create_superuser("root", password="a long enough password")
    answer = client.post(reverse("admin:login"), {"username": "root", "password": "a long enough password"})
    assert answer.url == page("study_list")
