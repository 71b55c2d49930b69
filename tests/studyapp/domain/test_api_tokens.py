"""The text of a token: made, read again, and compared."""

import secrets

import pytest

from studyapp.domain.api_tokens import make_token_text, parse_token


def test_a_token_reads_again_as_itself_and_agrees_with_its_hash_alone():
    made, other = (make_token_text(secrets.token_bytes(36)) for _ in range(2))
    assert parse_token(made.text) == made
    assert made.agrees_with(made.sha256)
    assert not made.agrees_with(other.sha256)
    assert made.secret not in repr(made)


def test_the_secret_is_256_bits_that_the_prefix_does_not_tell():
    one, other = make_token_text(b"\0" * 4 + b"\1" * 32), make_token_text(b"\0" * 4 + b"\2" * 32)
    assert one.prefix == other.prefix == "00000000"
    assert one.sha256 != other.sha256
    with pytest.raises(ValueError, match="36 random bytes"):
        make_token_text(b"short")


@pytest.mark.parametrize("text", ["", "byline_", "byline_0123abcd_short", "byline_0123ABCD_" + "a" * 43, "é" * 60])
def test_what_cannot_be_a_token_is_none(text):
    assert parse_token(text) is None


def test_a_line_break_behind_a_token_makes_it_another_text():
    assert parse_token(make_token_text(b"1" * 36).text + "\n") is None
