import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain import article_file
from studyapp.domain.article_file import UnreadableFileError, part_rows, read_article_file


def test_json_lines_name_good_and_bad_rows_by_line():
    lines = [
        json.dumps({"title": "One", "body": "Text.", "mood": "x"}),
        "",
        "{broken",
        json.dumps(["no object"]),
        json.dumps({"title": "Five"}),
    ]
    file = read_article_file("\n".join(lines).encode(), name="a.jsonl")
    assert [(row.line, row.article.title) for row in file.good] == [(1, "One")]
    assert [fault.line for fault in file.bad] == [3, 4, 5]
    assert "line 5: 'body' is missing" in str(file.bad[2])
    assert file.ignored_columns == ("mood",)


def test_csv_rows_keep_their_line_numbers_over_quoted_line_breaks():
    text = 'title,body\nOne,"First.\n\nSecond."\nTwo,\n"Three","x",extra\n'
    file = read_article_file(text.encode(), name="a.csv")
    assert [(row.line, row.article.body) for row in file.good] == [(2, "First.\n\nSecond.")]
    assert [(fault.line, fault.reason) for fault in file.bad] == [
        (5, "'body' is missing or empty"),
        (6, "3 fields, not 2"),
    ]


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"title\nx\n", "a.csv", "missing: body"),
        (b"title,body,title\n", "a.csv", "stands twice"),
        (b"", "a.jsonl", "holds no article"),
        (b"ok\n\xff\xfe", "a.jsonl", r"not UTF-8 \(line 2\)"),
        (b"{}", "a.docx", "must end in .jsonl, .json or .csv"),
    ],
)
def test_a_file_that_is_none_says_what_to_do(content, name, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        read_article_file(content, name=name)


@given(content=st.binary(max_size=400), ending=st.sampled_from(["csv", "jsonl"]))
def test_no_bytes_break_the_reader(content, ending):
    try:
        file = read_article_file(content, name=f"a.{ending}")
    except UnreadableFileError:
        return
    assert file.good or file.bad


def test_columns_of_other_names_are_read_as_what_they_are_said_to_be():
    text = "headline,text,title\nOne,First.,ignored\n"
    file = read_article_file(text.encode(), name="a.csv", columns={"title": "headline", "body": "text"})
    assert [(row.article.title, row.article.body) for row in file.good] == [("One", "First.")]
    assert file.ignored_columns == ("title",)
    lines = '{"headline": "One", "content": "First."}\n{"headline": "Two"}\n'
    file = read_article_file(lines.encode(), name="a.jsonl", columns={"title": "headline", "body": "content"})
    assert [row.article.title for row in file.good] == ["One"]
    assert [str(fault) for fault in file.bad] == ["line 2: 'body' is missing or empty"]


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UnreadableFileError, match=r"a.csv: there is no column txt; the file has headline, text"):
        read_article_file(b"headline,text\nOne,First.\n", name="a.csv", columns={"title": "headline", "body": "txt"})


def test_a_key_that_is_no_text_can_still_be_shown():
    file = part_rows(b'{"title": "T", "body": "B", "\\ud800": 1}', name="a.jsonl")
    assert file.columns == ("title", "body", "?")


def test_rows_lines_depth_and_numbers_are_bounded(monkeypatch):
    """What would fill the memory or the stack is a bad row, or no article file; the rows beside it are read."""
    hostile = ["[" * 100_000, '{"title": ' + "9" * 5000 + "}", '{"title": "a", "body": NaN}', "{" + '"a":{' * 5000]
    good = json.dumps({"title": "One", "body": "Text."})
    file = read_article_file("\n".join([*hostile, good]).encode(), name="a.jsonl")
    assert ([row.line for row in file.good], [fault.line for fault in file.bad]) == ([5], [1, 2, 3, 4])
    monkeypatch.setattr(article_file, "MAX_LINE", 1000)
    file = read_article_file((json.dumps({"title": "a", "body": "b" * 1000}) + "\n" + good).encode(), name="a.jsonl")
    assert [str(fault) for fault in file.bad] == ["line 1: longer than 1,000 characters"]
    monkeypatch.setattr(article_file, "MAX_ROWS", 3)
    for name, text in (("a.jsonl", "{}\n" * 4), ("a.csv", "title,body\n" + "a,b\n" * 4)):
        with pytest.raises(UnreadableFileError, match="more than 3 rows"):
            read_article_file(text.encode(), name=name)
