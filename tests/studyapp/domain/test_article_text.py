import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.article_text import RowError, count_words, fold_typography, hash_content, parse_article


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("“Curly” and ‘single’", "\"Curly\" and 'single'"),
        ("one — two–three", "one - two-three"),
        ("wait…", "wait..."),
        ("hard\u00a0space  twice", "hard space twice"),
        ("first\r\n\r\n\r\nsecond\nline", "first\n\nsecond line"),
        ("  \n\n lone \n\n", "lone"),
        ("a -- b--c", "a - b - c"),
    ],
)
def test_typography_that_could_tell_the_source_is_levelled(raw, shown):
    assert fold_typography(raw) == shown


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    once = fold_typography(text)
    assert fold_typography(once) == once


@given(st.text())
def test_paragraphs_are_parted_by_one_blank_line_and_hold_no_other_line_break(text):
    for paragraph in fold_typography(text).split("\n\n"):
        assert "\n" not in paragraph


def test_words_are_runs_between_white_space():
    assert count_words("One two-three,  four\n\nfive 6%.") == 5
    assert count_words("") == 0


def test_articles_that_read_the_same_have_the_same_hash():
    first = hash_content(title="A “b”", subtitle="", body="x\n\n\ny")
    assert first == hash_content(title='A "b"', subtitle="", body="x\n\ny")
    assert first != hash_content(title='A "b"', subtitle="x", body="y")


def test_a_full_row_is_read():
    article = parse_article(
        {
            "id": " a-1 ", "title": "T", "subtitle": "S", "body": "B c", "section": "Town", "source": "Gazette",
            "url": "https://example.org/a", "published": "2026-01-31T10:00:00Z", "language": "en", "stand_in": "true",
        }
    )  # fmt: skip
    assert (article.ref, article.words, article.published.isoformat(), article.stand_in) == (
        "a-1",
        2,
        "2026-01-31",
        True,
    )


def test_a_row_without_id_is_named_by_its_content():
    article = parse_article({"title": "T", "body": "B"})
    assert article.ref == f"sha-{article.content_hash[:12]}"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"body": "B"}, "'title' is missing"),
        ({"title": "T", "body": "  "}, "'body' is missing"),
        ({"title": ["T"], "body": "B"}, "'title' must be text, not list"),
        ({"title": "T", "body": "B", "published": "yesterday"}, "write a date as 2026-01-31"),
        ({"title": "T", "body": "B", "url": "javascript:alert(1)"}, "must begin with http"),
        ({"title": "T", "body": "B\x00"}, "NUL"),
        ({"title": "T" * 501, "body": "B"}, "at most 500"),
        ({"title": "T", "body": "B", "stand_in": "perhaps"}, "true or false"),
        ({"title": "\ud800", "body": "B"}, "surrogate"),
    ],
)
def test_a_bad_row_says_what_is_wrong(row, reason):
    with pytest.raises(RowError, match=reason):
        parse_article(row)
