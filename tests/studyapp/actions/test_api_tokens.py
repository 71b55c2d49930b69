"""Tokens: shown once, never stored, ended by time, by their owner, and with their owner."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from studyapp.actions.api_tokens import TokenRefusedError, TokenWish, find_token, make_token, revoke_token
from studyapp.actions.audit import acting_as
from studyapp.models import ApiToken, AuditEntry
from tests.studyapp.study_rows import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return User.objects.create_user("anna", is_staff=True)


def test_a_token_is_found_by_its_text_and_nothing_that_is_stored_is_its_secret(anna):
    with acting_as(anna):
        token, text = make_token(anna, TokenWish(" nightly copy "), now=NOW)
    assert find_token(text, now=NOW) == token
    secret = text.rpartition("_")[2]
    stored = [str(value) for value in ApiToken.objects.values_list().get()]
    assert not [value for value in stored if secret in value]
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.by, entry.detail["label"]) == ("made_api_token", anna, "nightly copy")
    assert secret not in str(entry.detail)


def test_any_other_text_is_nobodys(anna):
    _, text = make_token(anna, TokenWish("x"), now=NOW)
    other = make_token(anna, TokenWish("y"), now=NOW)[1]
    mixed = "_".join([*text.split("_", 2)[:2], other.split("_", 2)[2]])  # the one's prefix, the other's secret
    for wrong in ("", "x", text[:-1], text + "x", text.swapcase(), mixed):
        assert find_token(wrong, now=NOW) is None, wrong


@pytest.mark.parametrize(
    "end",
    [
        lambda token, owner: revoke_token(token, now=NOW),
        lambda token, owner: ApiToken.objects.update(expires_at=NOW),
        lambda token, owner: User.objects.update(is_active=False),
        lambda token, owner: User.objects.update(is_staff=False),
        lambda token, owner: owner.delete(),
    ],
)
def test_a_token_ends(anna, end):
    token, text = make_token(anna, TokenWish("x"), now=NOW)
    assert find_token(text, now=NOW) is not None
    end(token, anna)
    assert find_token(text, now=NOW) is None


def test_it_ends_after_its_days(anna):
    _, text = make_token(anna, TokenWish("x", days=2), now=NOW)
    assert find_token(text, now=NOW + timedelta(days=1, hours=23))
    assert find_token(text, now=NOW + timedelta(days=2)) is None


def test_its_last_use_is_kept_to_the_minute(anna, django_assert_num_queries):
    token, text = make_token(anna, TokenWish("x"), now=NOW)
    find_token(text, now=NOW)
    with django_assert_num_queries(1):
        find_token(text, now=NOW + timedelta(seconds=59))
    token.refresh_from_db()
    assert token.last_used_at == NOW
    find_token(text, now=NOW + timedelta(seconds=61))
    token.refresh_from_db()
    assert token.last_used_at == NOW + timedelta(seconds=61)


def test_revoking_twice_is_written_down_once(anna):
    token, _ = make_token(anna, TokenWish("x"), now=NOW)
    revoke_token(token, now=NOW)
    revoke_token(token, now=NOW + timedelta(days=1))
    token.refresh_from_db()
    assert token.revoked_at == NOW
    assert AuditEntry.objects.filter(act="revoked_api_token").count() == 1


@pytest.mark.parametrize(
    ("wish", "said"), [(TokenWish(" "), "what the token is for"), (TokenWish("x", days=400), "from 1 to 366 days")]
)
def test_a_token_that_cannot_be_says_why(anna, wish, said):
    with pytest.raises(TokenRefusedError, match=said):
        make_token(anna, wish, now=NOW)
    assert not ApiToken.objects.exists()
