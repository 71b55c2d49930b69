import pytest

from studyapp.domain.article_text import FIELDS
from studyapp.domain.column_names import ColumnError, complete_columns, guess_columns, parse_assignments


@pytest.mark.parametrize(
    ("columns", "guessed"),
    [
        (["title", "body", "mood"], {"title": "title", "body": "body"}),
        (["Headline", "Text", "Category"], {"title": "Headline", "body": "Text", "section": "Category"}),
        (["TITLE", "article_body", "pub-date"], {"title": "TITLE", "body": "article_body", "published": "pub-date"}),
        (["headline", "title", "content"], {"title": "title", "body": "content"}),  # its own name comes first
        (["content", "text"], {"body": "text"}),  # the more telling of two
        (["mood"], {}),
        ([], {}),
    ],
)
def test_columns_are_guessed_by_their_names(columns, guessed):
    found = guess_columns(columns)
    assert list(found) == list(FIELDS)
    assert {field: column for field, column in found.items() if column} == guessed


def test_no_column_is_guessed_for_two_fields():
    found = [
        column for column in guess_columns(["id", "ref", "name", "text", "article", "link", "url"]).values() if column
    ]
    assert len(found) == len(set(found))


def test_what_a_command_says_is_read():
    assert parse_assignments(["body=text", "subtitle="]) == {"body": "text", "subtitle": ""}


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["body"], "write FIELD=COLUMN"),
        (["bodi=text"], "there is no field 'bodi'; the fields are title"),
        (["body=text", "body=content"], "body has a column already, 'text'"),
    ],
)
def test_what_a_command_cannot_mean_is_said(texts, reason):
    with pytest.raises(ColumnError, match=reason):
        parse_assignments(texts)


def test_fields_that_nobody_named_stand_in_the_column_of_their_own_name():
    columns = complete_columns({"body": "text", "section": ""}, ["title", "text", "section", "source"])
    assert {field: column for field, column in columns.items() if column} == {
        "title": "title", "body": "text", "source": "source",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "there", "reason"),
    [
        ({"body": "txt"}, ["title", "text"], "there is no column txt; the file has title, text"),
        ({}, ["headline", "body"], "columns are missing: title"),
        ({"title": "body"}, ["title", "body"], "'body' cannot be title and body at once"),
    ],
)
def test_columns_that_cannot_be_are_said(said, there, reason):
    with pytest.raises(ColumnError, match=reason):
        complete_columns(said, there)
