import gzip
import io
import json

import pytest

from studyapp.domain.corpus_file import LOOKED_AT, CorpusFileError, check_corpus

ROWS = "".join(json.dumps({"title": f"T{n}", "body": "Text"}) + "\n" for n in range(3))


def check(content, name="news.jsonl"):
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    count = check_corpus(file, name=name)
    assert not file.closed  # it is stored afterwards
    return count


def test_good_files_of_every_kind():
    assert check(ROWS) == 3
    assert check("\ufeff" + ROWS) == 3
    assert check(gzip.compress(ROWS.encode()), "news.jsonl.gz") == 3
    text = "One.\n<|endoftext|>\n\n<|endoftext|>\nTwo,\n\nand more.\n<|endoftext|> \nThree"
    assert check(text, "news.txt") == check(gzip.compress(text.encode()), "news.txt.gz") == 3
    assert check('title,body\r\nOne,"Two\r\nlines"\r\nThree,Four\r\n', "news.csv") == 2


def test_no_more_than_the_first_rows_are_looked_at():
    assert check(ROWS * 1000 + "no JSON") == LOOKED_AT


@pytest.mark.parametrize(
    ("content", "name", "fault"),
    [
        (ROWS + '{"title": "x"}\n', "news.jsonl", "news.jsonl, line 4: 'body' is missing"),
        (ROWS + "[]\n", "news.jsonl", "line 4: an object"),
        (ROWS + "{\n", "news.jsonl", "line 4: no JSON"),
        (ROWS.encode() + b'{"title": "\xff"}\n', "news.jsonl", "not UTF-8"),
        (ROWS, "news.docx", "must end in .jsonl"),
        ("One document.\n\nAnd no end.", "news.txt", "parted by a line <.endoftext.>"),
        (ROWS, "my news.jsonl", "rename it"),
        (ROWS, "../news.jsonl", "rename it"),
        (ROWS.splitlines()[0], "news.jsonl", "holds 1 articles"),
        ("", "news.jsonl", "holds 0 articles"),
        (ROWS, "news.jsonl.gz", "no whole gzip"),
        # A fixed time in its header: the bytes are in the test's name, alike in every worker.
        (gzip.compress(ROWS.encode(), mtime=0)[:-9], "news.jsonl.gz", "no whole gzip"),
        ("title,text\nOne,Two\n", "news.csv", "line 2: 'body' is missing"),
        ("title,body\nOne\n", "news.csv", "line 2: as many fields"),
        ('title,body\n"One,Two\n', "news.csv", "no CSV"),
    ],
)
def test_what_cannot_be_trained_on_says_why_and_where(content, name, fault):
    with pytest.raises(CorpusFileError, match=fault):
        check(content, name)
