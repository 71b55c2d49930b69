"""Two-factor sign-in, with codes made as an authenticator app makes them (RFC 6238)."""

import re
from base64 import b32decode
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from studyapp.models import AuditEntry

pytestmark = pytest.mark.django_db
SETUP, VERIFY = reverse("staff:second_factor"), reverse("staff:second_factor_verify")
STUDIES = reverse("staff:study_list")
PASSWORD = "a long enough password"


@pytest.fixture
def anna(client):
    user = User.objects.create_superuser("anna", password=PASSWORD)
    client.force_login(user)
    return user


def read_key(client):
    """The key as the page spells it."""
    spelled = re.search(r"Key: <code>([A-Z2-7 =]+)</code>", client.get(SETUP).text).group(1)
    return b32decode(spelled.replace(" ", ""))


def forget_last_code():
    """As if the app had gone on to its next code: each is taken once."""
    TOTPDevice.objects.update(last_t=-1, throttling_failure_count=0, throttling_failure_timestamp=None)


def turn_on(client):
    key = read_key(client)
    page = client.post(SETUP, {"code": f"{totp(key):06d}"}).text
    forget_last_code()
    return key, re.findall(r"^(?:<pre>)?([0-9a-f]{10})$", page, flags=re.MULTILINE)


def sign_in_again(client, user):
    client.logout()
    client.force_login(user)


def test_without_a_device_the_password_is_enough(client, anna):
    assert client.get(STUDIES).status_code == 200


def test_the_key_stays_while_the_page_is_reloaded_and_a_wrong_code_turns_nothing_on(client, anna):
    key = read_key(client)
    assert "not right" in client.post(SETUP, {"code": "000000"}).text
    assert read_key(client) == key
    assert client.get(STUDIES).status_code == 200


def test_once_on_no_staff_page_opens_before_a_code_is_given(client, anna):
    key, spare = turn_on(client)
    assert len(set(spare)) == 10
    assert client.get(STUDIES).status_code == 200  # this browser has just given a code
    sign_in_again(client, anna)
    for address in (STUDIES, SETUP, reverse("admin:index"), reverse("admin:auth_user_changelist")):
        answer = client.get(address)
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, VERIFY)
    assert client.post(SETUP, {"code": "000000"}).url.startswith(VERIFY)
    assert "not right" in client.post(VERIFY, {"code": "000000"}).text
    forget_last_code()
    answer = client.post(f"{VERIFY}?next={SETUP}", {"code": f"{totp(key):06d}"})
    assert answer.url == SETUP
    assert client.get(STUDIES).status_code == 200


def test_a_code_is_taken_once_and_the_way_back_stays_on_this_site(client, anna):
    key, _ = turn_on(client)
    sign_in_again(client, anna)
    code = f"{totp(key):06d}"
    answer = client.post(f"{VERIFY}?next=https://elsewhere.example/", {"code": code})
    assert answer.url == STUDIES
    sign_in_again(client, anna)
    assert "not right" in client.post(VERIFY, {"code": code}).text


def test_a_spare_code_is_good_once(client, anna):
    _, spare = turn_on(client)
    sign_in_again(client, anna)
    assert client.post(VERIFY, {"code": spare[0]}).status_code == 302
    assert StaticToken.objects.count() == 9
    sign_in_again(client, anna)
    assert "not right" in client.post(VERIFY, {"code": spare[0]}).text


def test_turning_off_takes_a_code(client, anna):
    key, _ = turn_on(client)
    assert "not right" in client.post(SETUP, {"code": "000000"}).text
    forget_last_code()
    assert client.post(SETUP, {"code": f"{totp(key):06d}"}).status_code == 302
    sign_in_again(client, anna)
    assert client.get(STUDIES).status_code == 200
    acts = list(AuditEntry.objects.order_by("id").values_list("act", "by_name"))
    assert acts == [("turned_second_factor_on", "anna"), ("turned_second_factor_off", "anna")]


def test_a_site_can_require_it_of_all_staff(client, anna, settings):
    settings.TWO_FACTOR_REQUIRED = True
    assert client.get(STUDIES).url.startswith(SETUP)
    turn_on(client)
    assert client.get(STUDIES).status_code == 200


def test_participants_are_never_asked(client, anna):
    turn_on(client)
    sign_in_again(client, anna)
    assert client.get("/healthz").status_code == 200
    assert client.get("/s/no-such-study/").status_code == 404


def test_a_lost_phone_is_mended_on_the_server(client, anna):
    turn_on(client)
    said = StringIO()
    call_command("reset_second_factor", "anna", stdout=said)
    assert "2 devices removed" in said.getvalue()
    sign_in_again(client, anna)
    assert client.get(STUDIES).status_code == 200
    with pytest.raises(CommandError, match="Accounts: anna"):
        call_command("reset_second_factor", "ana")
