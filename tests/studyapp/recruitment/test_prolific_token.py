"""The token of a signed link: what opens, and everything that does not."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from studyapp.recruitment.prolific_token import TokenError, verify_token
from tests.studyapp.prolific_links import PID, QUERY, STUDY_ID, SUBMISSION, make_key, sign

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HOST = "study.example.org"
PUBLIC_KEYS = {"first": make_key("first").public_key()}


def verify(token, *, query=None, now=NOW, host=HOST):
    parameters = {**(QUERY if query is None else query), "prolific_token": token}
    return verify_token(token, parameters=parameters, host=host, find_key=PUBLIC_KEYS.get, now=now)


def make(**options):
    return sign(now=options.pop("now", NOW), host=options.pop("host", HOST), **options)


def test_a_token_says_who_came_and_how_long_it_is_good():
    verified = verify(make())
    assert verified.session_id == SUBMISSION
    assert verified.expires_at - verified.issued_at == timedelta(minutes=2)


@pytest.mark.parametrize("seconds", [-30, 0, 119, 150])
def test_it_is_good_for_two_minutes_and_clocks_may_differ_a_little(seconds):
    assert verify(make(), now=NOW + timedelta(seconds=seconds)).session_id == SUBMISSION


@pytest.mark.parametrize(
    ("seconds", "reason", "message"),
    [(151, "expired", "good for two minutes"), (86_400, "expired", "two minutes"), (-31, "in the future", "verified")],
)
def test_before_and_after_it_is_not_good(seconds, reason, message):
    with pytest.raises(TokenError, match=message) as caught:
        verify(make(), now=NOW + timedelta(seconds=seconds))
    assert reason in caught.value.reason


@pytest.mark.parametrize("host", ["STUDY.example.org", "study.example.org:443"])
def test_only_the_domain_of_the_audience_counts_and_not_its_case(host):
    assert verify(make(host=host))


def sign_with_public_key_as_secret():
    """The old trick: HMAC under the public key, which everybody has."""
    pem = PUBLIC_KEYS["first"].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(make(), options={"verify_signature": False})
    import base64
    import hashlib
    import hmac
    import json

    def encode(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    body = encode(json.dumps({"alg": "HS256", "kid": "first"}).encode()) + b"." + encode(json.dumps(claims).encode())
    return (body + b"." + encode(hmac.new(pem, body, hashlib.sha256).digest())).decode()


def cut_signature(token):
    return token.rpartition(".")[0] + "."


FORGERIES = {
    "none": (lambda: "", "no token"),
    "nonsense": (lambda: "nonsense", "unreadable"),
    "too long": (lambda: "x" * 9000, "too long"),
    "no signature": (lambda: cut_signature(make()), "Signature"),
    "another key under the same name": (lambda: make(key="stranger", kid="first"), "Signature"),
    "a key that Prolific has not": (lambda: make(key="stranger"), "has no key 'stranger'"),
    "another algorithm": (lambda: make(algorithm="RS512"), "signed by 'RS512'"),
    "the public key as a secret": (sign_with_public_key_as_secret, "signed by 'HS256'"),
    "another issuer": (lambda: make(iss="https://prolific.example"), "InvalidIssuer"),
    "no issuer": (lambda: make(iss=None), "MissingRequiredClaim"),
    "no end": (lambda: make(exp=None), "MissingRequiredClaim"),
    "no beginning": (lambda: make(iat=None), "MissingRequiredClaim"),
    "an end that is no time": (lambda: make(exp="never"), "no time"),
    "an end beyond all time": (lambda: make(exp=10**30), "no time"),
    "no audience": (lambda: make(aud=None), "MissingRequiredClaim"),
    "another site": (lambda: make(host="elsewhere.example.org"), "this site is 'study.example.org'"),
    "our name as a part of another's": (lambda: make(host="study.example.org.evil.example"), "this site is"),
    "our name as a user of another's": (lambda: make(aud="https://study.example.org@evil.example/"), "this site is"),
    "an audience that is no address": (lambda: make(aud=["x"]), "this site is"),
    "no submission": (lambda: make(sub=None), "MissingRequiredClaim"),
    "another submission": (lambda: make(sub=STUDY_ID), "another submission"),
    "no claims of the link": (lambda: make(prolific=None), "no prolific claim"),
    "claims that are no table": (lambda: make(prolific="x"), "no prolific claim"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_opens_nothing(name):
    make_token, reason = FORGERIES[name]
    with pytest.raises(TokenError, match="open the study from its page on Prolific again") as caught:
        verify(make_token())
    assert reason in caught.value.reason
    assert PID not in caught.value.reason  # it goes into the log


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({**QUERY, "PROLIFIC_PID": "0" * 24}, "PROLIFIC_PID"),
        ({**QUERY, "SESSION_ID": "0" * 24}, "SESSION_ID"),
        ({**QUERY, "STUDY_ID": "0" * 24}, "STUDY_ID"),
        ({**QUERY, "arm": "large"}, "arm"),  # nothing unsigned is believed
        ({"PROLIFIC_PID": PID, "SESSION_ID": SUBMISSION}, "STUDY_ID"),
        ({}, "PROLIFIC_PID, SESSION_ID, STUDY_ID"),
    ],
)
def test_a_query_that_is_not_the_tokens_opens_nothing(query, names):
    with pytest.raises(TokenError) as caught:
        verify(make(), query=query)
    assert caught.value.reason == f"the query differs from the token in {names}"


def test_what_prolific_adds_of_its_own_need_not_be_in_the_link():
    assert verify(make(prolific={**QUERY, "workspace_id": "w", "organisation_id": "o"}))
