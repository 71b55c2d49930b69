import csv
import gzip
import json

import pytest

from generator.corpus import CorpusError, find_overlaps, gather_corpus, read_articles, split_held_out
from generator.prompts import render_story
from tests.generator.conftest import make_articles, write_jsonl


def test_three_formats_read_alike(tmp_path):
    rows = make_articles(7)
    plain = write_jsonl(tmp_path / "a.jsonl", rows)
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    table = tmp_path / "a.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert read_articles(plain) == read_articles(packed) == read_articles(table)
    assert [article.ref for article in read_articles(plain)] == [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"title": "T", "body": "B"}\n{"title": "T"}\n', r"a\.jsonl, line 2: 'body' is missing"),
        ("a.jsonl", '\n{"title": "T",\n', r"line 2: no JSON"),
        ("a.jsonl", "[1]\n", r"line 1: an object"),
        ("a.jsonl", '{"title": ["T"], "body": "B"}', r"line 1: 'title' must be text, not list"),
        ("a.jsonl", '{"title": "\\ud800", "body": "B"}', r"line 1: half a surrogate"),
        ("a.csv", "title,body\nT,B\nT\n", r"a\.csv, line 3: as many fields"),
        ("a.csv", "title,text\nT,B\n", r"line 2: 'body' is missing"),
        ("a.pdf", "x", r"of no kind that can be read"),
        ("a.txt", "<|endoftext|>\n", r"a\.txt holds no text"),
    ],
)
def test_a_bad_file_names_its_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        read_articles(tmp_path / name)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"title": "T", "body": "B"}\n{"title": "\xff"}')
    with pytest.raises(CorpusError, match="line 2: not UTF-8"):
        read_articles(tmp_path / "a.jsonl")
    with pytest.raises(CorpusError, match="there is no file"):
        read_articles(tmp_path / "b.jsonl")


def test_duplicates_and_study_articles_are_left_out(tmp_path):
    rows = make_articles(30)
    thirteen = " ".join(rows[4]["body"].split()[3:16])
    twelve = " ".join(rows[5]["body"].split()[3:15])
    study = [
        {"title": "S", "body": f"Nothing else is shared but {thirteen.upper()}, and so on."},
        {"title": "U", "body": f"Nothing else is shared but {twelve} xyzzy and so on."},
    ]
    corpus = gather_corpus(
        [write_jsonl(tmp_path / "a.jsonl", rows), write_jsonl(tmp_path / "b.jsonl", rows[:3])],
        exclude=[write_jsonl(tmp_path / "s.jsonl", study)],
    )
    assert corpus.n_duplicates == 3
    assert corpus.excluded == ("a4",)
    assert sorted(article.ref for article in corpus.train + corpus.held_out) == sorted(
        row["id"] for row in rows if row["id"] != "a4"
    )


def test_a_short_study_article_counts_as_one_run(tmp_path):
    articles = read_articles(write_jsonl(tmp_path / "a.jsonl", [
        {"title": "A", "body": "Before it all, the ferry sank twice. Then it rose."}, {"title": "B", "body": "Not."},
    ]))  # fmt: skip
    short = read_articles(write_jsonl(tmp_path / "s.jsonl", [{"title": "S", "body": "The ferry sank twice!"}]))
    assert find_overlaps(articles, study=short) == {articles[0].sha256}


def test_the_split_hangs_on_the_article_alone(tmp_path):
    articles = read_articles(write_jsonl(tmp_path / "a.jsonl", make_articles(1000, words=15)))
    train, held_out = split_held_out(articles)
    assert 26 <= len(held_out) <= 74  # 50 expected, 3.5 standard deviations either side
    fewer_train, fewer_held_out = split_held_out(articles[:700][::-1])
    assert set(fewer_held_out) <= set(held_out) and set(fewer_train) <= set(train)
    for few in (articles[:2], articles[:5]):
        assert all(split_held_out(few))


def test_too_little_is_an_error(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"title": "T", "body": "B"}), encoding="utf-8")
    with pytest.raises(CorpusError, match="1 articles are left"):
        gather_corpus([path])


def test_near_duplicates_are_dropped_and_counted(tmp_path):
    rows = make_articles(12)
    words = rows[0]["body"].split()
    words[5] = "elsewhere"
    rows.append({"title": "The same with another word", "body": " ".join(words)})
    rows.append({"title": "Half the same", "body": " ".join(words[:50] + rows[1]["body"].split()[:60])})
    corpus = gather_corpus([write_jsonl(tmp_path / "a.jsonl", rows)])
    titles = {article.story.title for article in (*corpus.train, *corpus.held_out)}
    assert (corpus.n_near_duplicates, corpus.n_duplicates) == (1, 0)
    assert "Half the same" in titles and "The same with another word" not in titles


def test_documents_of_a_text_file(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("One.\n\nStill one.\n<|endoftext|>\r\nTwo <|endoftext|> inside.\n<|endoftext|>\n", encoding="utf-8")
    articles = read_articles(file)
    assert [article.story.body for article in articles] == ["One.\n\nStill one.", "Two <|endoftext|> inside."]
    assert render_story(articles[0].story) == "Article: One.\n\nStill one."
