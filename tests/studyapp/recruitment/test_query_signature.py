import hashlib
import hmac

import pytest

from studyapp.recruitment.query_signature import is_signed, sign_query

SECRET = "a secret of both"


def check(*pairs, secret=SECRET):
    return is_signed(pairs, secret=secret, signature_param="hash")


def test_the_signature_is_that_of_the_documented_canonical_query():
    expected = hmac.new(SECRET.encode(), b"a=%2F%20%26&rid=%C3%A4~", hashlib.sha256).hexdigest()
    assert sign_query([("rid", "ä~"), ("a", "/ &")], secret=SECRET, signature_param="hash") == expected


def test_order_and_case_do_not_count():
    signature = sign_query([("rid", "7"), ("a", "b")], secret=SECRET, signature_param="hash")
    assert check(("a", "b"), ("hash", signature.upper()), ("rid", "7"))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: [("rid", "8"), ("a", "b"), ("hash", s)],
        lambda s: [("rid", "7"), ("hash", s)],
        lambda s: [("rid", "7"), ("a", "b"), ("more", ""), ("hash", s)],
        lambda s: [("rid", "7"), ("rid", "8"), ("a", "b"), ("hash", s)],  # a repeated name
        lambda s: [("rid", "7&a=b"), ("hash", s)],  # no joining of two into one
        lambda s: [("rid", "7"), ("a", "b")],
        lambda s: [("rid", "7"), ("a", "b"), ("hash", "")],
        lambda s: [("rid", "7"), ("a", "b"), ("hash", "é" + s)],
        lambda s: [("rid", "7"), ("a", "b"), ("hash", "wrong"), ("hash", s)],
    ],
)
def test_any_other_query_is_not_signed(change):
    signature = sign_query([("rid", "7"), ("a", "b")], secret=SECRET, signature_param="hash")
    assert not check(*change(signature))


def test_without_a_secret_nothing_is_signed():
    signature = sign_query([("rid", "7")], secret="", signature_param="hash")
    assert not check(("rid", "7"), ("hash", signature), secret="")
