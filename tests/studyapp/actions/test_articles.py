import pytest

from studyapp.actions.articles import import_articles
from studyapp.domain.article_file import read_article_file
from studyapp.models import Article

pytestmark = pytest.mark.django_db


def read(*lines):
    return read_article_file("\n".join(lines).encode(), name="a.jsonl")


ONE = '{"id": "one", "title": "One", "body": "First text."}'
TWO = '{"id": "two", "title": "Two", "body": "Second text."}'
BAD = '{"title": "No body"}'


def test_articles_are_stored_with_their_words_and_hash():
    outcome = import_articles(read(ONE, TWO))
    assert (outcome.imported, outcome.refs, outcome.bad) == (2, ("one", "two"), ())
    assert Article.objects.get(ref="one").words == 2


def test_a_file_with_a_bad_row_imports_nothing_and_names_it():
    outcome = import_articles(read(ONE, BAD, TWO))
    assert outcome.is_refused
    assert [str(fault) for fault in outcome.bad] == ["line 2: 'body' is missing or empty"]
    assert not Article.objects.exists()


def test_on_the_users_word_the_good_rows_of_such_a_file_are_imported():
    outcome = import_articles(read(ONE, BAD, TWO), skip_bad=True)
    assert (outcome.imported, len(outcome.bad), outcome.is_refused) == (2, 1, False)


def test_the_same_text_is_reported_and_stored_once():
    import_articles(read(ONE))
    again = import_articles(read(TWO, ONE.replace('"one"', '"other"'), TWO.replace('"two"', '"third"')))
    assert again.imported == 1
    assert [(d.line, d.ref) for d in again.duplicates] == [(2, "one"), (3, "two")]
    assert again.refs == ("two", "one")
    assert Article.objects.count() == 2


def test_another_text_under_a_taken_id_is_a_bad_row():
    import_articles(read(ONE))
    outcome = import_articles(read(ONE.replace("First", "Other")))
    assert "the id 'one' is taken" in str(outcome.bad[0])
    assert Article.objects.get().body == "First text."
