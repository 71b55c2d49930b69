"""An article file on its way in, and which articles a study takes."""

import json

import pytest

from studyapp.models import Article, Candidate, Study
from tests.studyapp.staff_site.staff_pages import page, read, read_form, upload
from tests.studyapp.study_rows import finish_jobs, make_articles, make_draft

pytestmark = pytest.mark.django_db


def write_rows(n):
    return "".join(json.dumps({"title": f"Title {i}", "body": f"Body of {i}."}) + "\n" for i in range(n))


def bring(client, text, *, name="a.jsonl", **query):
    """Upload a file; the address of its preview."""
    return client.post(page("article_import"), {"file": upload(name, text)}, query_params=query).url


def import_it(client, address, shown=None, **said):
    form = read_form(client.get(address) if shown is None else shown)
    return client.post(address, {**form, "do": "import", **said})


def test_nothing_is_stored_before_the_user_says_so(admin_client):
    address = bring(admin_client, write_rows(3))
    shown = read(admin_client.get(address))
    assert "Import 3 articles" in shown and "Body of 0" in shown
    assert not Article.objects.exists()
    import_it(admin_client, address)
    assert list(Article.objects.values_list("title", flat=True)) == ["Title 0", "Title 1", "Title 2"]


def test_columns_of_other_names_are_guessed_shown_and_can_be_changed(admin_client):
    rows = '{"headline": "A", "text": "Teaser", "content": "The body.", "mood": "x"}\n'
    address = bring(admin_client, rows)
    guessed = admin_client.get(address)
    assert "Teaser" in read(guessed) and guessed.context["columns"]["body"] == "text"
    assert "Columns that are not read: content, mood" in read(guessed)
    changed = admin_client.get(address, {**read_form(guessed), "column-body": "content"})
    assert "The body." in read(changed)
    import_it(admin_client, address, **{"column-body": "content"})
    article = Article.objects.get()
    assert (article.title, article.body) == ("A", "The body.")


def test_a_required_field_without_a_column_is_asked_for(admin_client):
    address = bring(admin_client, '{"titel": "A", "inhalt": "B"}\n')
    shown = admin_client.get(address)
    assert "columns are missing: title, body" in read(shown) and "Import 1" not in read(shown)
    import_it(admin_client, address)
    assert not Article.objects.exists()
    import_it(admin_client, address, **{"column-title": "titel", "column-body": "inhalt"})
    assert Article.objects.get().title == "A"


def test_bad_rows_are_named_and_left_out_only_when_somebody_says_so(admin_client):
    rows = write_rows(1) + '{"title": "Two"}\n{broken\n' + write_rows(1)
    address = bring(admin_client, rows)
    shown = read(admin_client.get(address))
    assert "line 2: &#x27;body&#x27; is missing" in shown and "line 3: no JSON object" in shown
    assert "line 4: the same text as" in shown
    refused = import_it(admin_client, address)
    assert "2 bad rows: nothing was imported" in read(refused) and not Article.objects.exists()
    answer = import_it(admin_client, address, skip_bad="yes")
    assert Article.objects.get().title == "Title 0"
    assert answer.url.startswith(page("study_new"))
    assert "1 articles imported, 1 were there already, 2 bad rows left out" in read(admin_client.get(answer.url))


def test_a_file_is_nobody_elses_and_can_be_forgotten(admin_client, client, django_user_model):
    address = bring(admin_client, write_rows(2))
    client.force_login(django_user_model.objects.create_superuser("other"))
    assert client.get(address).url == page("article_import")
    assert client.post(address, {"do": "import"}).url == page("article_import")
    assert not Article.objects.exists()
    admin_client.post(address, {"do": "forget"})
    assert "not held any more" in read(admin_client.get(address, follow=True))


def test_importing_twice_leads_to_the_articles_of_the_first_time(admin_client):
    make_draft(slug="pilot")
    address = bring(admin_client, write_rows(2), study="pilot")
    shown = admin_client.get(address)
    first, second = import_it(admin_client, address, shown), import_it(admin_client, address, shown)
    assert first.url == second.url and first.url.startswith(page("study_articles", "pilot") + "?file=")
    assert Article.objects.filter(title__startswith="Title ", ref__startswith="sha-").count() == 2


def test_a_file_that_is_too_large_or_none_is_answered_beside_its_field(admin_client, settings):
    for name, text, fault in (
        ("a.docx", "x", "must end in .jsonl"),
        ("a.jsonl", "\n\n", "holds no article"),
        ("a.csv", "\n", "the first line must name the columns"),
    ):
        assert fault in read(admin_client.post(page("article_import"), {"file": upload(name, text)}))
    settings.MAX_ARTICLE_FILE_BYTES = 10
    answer = admin_client.post(page("article_import"), {"file": upload("a.jsonl", "x" * 20)})
    assert "larger than" in read(answer)
    assert not settings.HELD_UPLOADS_DIR.exists()


def test_of_an_imported_file_the_first_are_taken_as_context_and_the_next_as_items(admin_client):
    make_draft(slug="pilot", articles={"items": [], "context": []})
    address = bring(admin_client, write_rows(6), study="pilot")
    chosen = import_it(admin_client, address).url
    assert "Shown are the articles of" in read(admin_client.get(chosen))
    short = read(admin_client.post(chosen, {"do": "take", "n_context": 3, "n_items": 4}))
    assert "4 items and 3 context articles are wanted, 7 in all, and 6 are there" in short
    admin_client.post(chosen, {"do": "take", "n_context": 2, "n_items": 3})
    study = Study.objects.get()
    assert [entry.article.title for entry in study.context.all()] == ["Title 0", "Title 1"]
    assert [entry.article.title for entry in study.items.all()] == ["Title 2", "Title 3", "Title 4"]


def list_items(study):
    return list(study.items.values_list("article__ref", flat=True))


def test_ticks_on_one_page_leave_those_of_another_and_places_move(admin_client):
    study = make_draft(n_items=3, slug="pilot")
    new = make_articles(2, prefix="new")
    address = page("study_articles", "pilot")
    first, second, third = list_items(study)
    admin_client.post(address, {"do": "roles", f"role-{new[0]}": "item", f"role-{new[1]}": "none"})
    assert list_items(study) == [first, second, third, new[0]]
    places = {f"place-{ref}": place for place, ref in enumerate(list_items(study), start=1)}
    roles = {f"role-{ref}": "item" for ref in list_items(study)}
    admin_client.post(address, {"do": "arrange", **places, **roles, f"place-{new[0]}": 1, f"role-{second}": "context"})
    assert list_items(study) == [new[0], first, third]
    assert study.context.last().article.ref == second
    shown = read(admin_client.post(address, {"do": "roles", "role-nothing": "item"}, follow=True))
    assert "not imported: nothing" in shown


def test_articles_are_found_by_words_section_and_page(admin_client, settings):
    make_articles(60)
    make_draft(slug="pilot")
    address = page("study_articles", "pilot")
    found = admin_client.get(address, {"q": "story 17"})
    assert [row["article"].ref for row in found.context["rows"]] == ["story-17"]
    assert admin_client.get(address, {"section": "Town"}).context["n_shown"] == 33
    second = admin_client.get(address, {"page": 2})
    assert len(second.context["rows"]) == 15 and "Page 2 of 2" in read(second)
    assert "No article is like that" in read(admin_client.get(address, {"q": "zebra"}))
    newest = admin_client.get(address, {"order": "newest"}).context["rows"]
    assert newest[0]["article"].ref == "pilot-story-5"


def test_articles_with_texts_are_taken_out_only_when_that_is_ticked(admin_client):
    study = make_draft(n_items=3, slug="pilot")
    finish_jobs(study)
    address = page("study_articles", "pilot")
    gone = list_items(study)[0]
    posted = {"do": "roles", f"role-{gone}": "none"}
    assert "6 generated texts" in read(admin_client.post(address, posted, follow=True))
    assert len(list_items(study)) == 3
    admin_client.post(address, {**posted, "drop_texts": "yes"})
    assert gone not in list_items(study)
    assert Candidate.objects.count() == 12


def test_the_number_of_candidates_is_set_here(admin_client):
    study = make_draft(slug="pilot")
    address = page("study_articles", "pilot")
    assert "must be from 1 to 100" in read(
        admin_client.post(address, {"do": "settings", "articles-candidates": 0}, follow=True)
    )
    admin_client.post(address, {"do": "settings", "articles-candidates": 7})
    study.refresh_from_db()
    assert (study.candidates_per_article, study.items.count()) == (7, 4)
