import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.article_file import UnreadableFileError, read_article_file


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
