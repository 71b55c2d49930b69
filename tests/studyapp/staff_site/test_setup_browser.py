"""The whole setup in a real Chromium: from a file whose columns have other names to a launched study."""

import json

import pytest
from django.conf import settings

from studyapp.models import Article, GenerationJob, Study
from studyapp.tasks.generation import generate_article
from tests.studyapp.staff_site.staff_pages import put_checkpoint
from tests.studyapp.study_rows import finish_jobs, write_body

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.fixture
def tab(chromium, admin_client, live_server):
    """A page of a signed-in researcher; any error in its console fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=live_server.url)
    cookie = admin_client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.faults = []
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def article_file(tmp_path):
    """Six articles under other names, and a row that is none."""
    rows = [json.dumps({"headline": f"Story {n}", "content": write_body(f"story{n}"), "lang": "en"}) for n in range(6)]
    path = tmp_path / "news.jsonl"
    path.write_text("\n".join([*rows[:3], '{"headline": "No text"}', *rows[3:]]))
    return path


def press(tab, name):
    tab.get_by_role("button", name=name, exact=True).click()


def go_on(tab, name):
    tab.get_by_role("link", name=f"Next: {name} →").click()


def test_from_a_folder_of_articles_to_a_launched_study(tab, article_file, settings, monkeypatch):
    monkeypatch.setattr(generate_article, "delay_on_commit", lambda job_id: None)  # no broker runs here
    for folder, n_params in (("ladder/control", 1000), ("ladder/small", 5000)):
        put_checkpoint(settings.MODELS_DIR, folder, n_params=n_params)
    make_study(tab)
    bring_articles(tab, article_file)
    add_models(tab)
    watch_generation(tab)
    review(tab)
    write_texts(tab)
    recruit(tab)
    launch(tab)
    study = Study.objects.get()
    assert (study.state, study.consent_text, study.reward) == ("launched", "A **new** consent.", "USD 2")
    assert tab.faults == []


def make_study(tab):
    tab.goto("/staff/studies/")
    tab.locator(".staff").get_by_role("link", name="New study").first.click()
    tab.get_by_label("Title").fill("Who wrote this?")
    tab.get_by_label("Slug").fill("pilot")
    press(tab, "Make the study →")
    tab.wait_for_url("**/studies/pilot/articles/")


def bring_articles(tab, article_file):
    tab.get_by_label("Article file").set_input_files(article_file)
    press(tab, "Look at the file")
    assert "headline is the title" in tab.locator("summary").first.inner_text()
    assert tab.get_by_text("line 4: 'body' is missing or empty").is_visible()
    assert not Article.objects.exists()
    tab.get_by_label("Leave the 1 bad row out").check()
    press(tab, "Import 6 articles")
    tab.get_by_label("as context").fill("2")
    tab.get_by_label("as items").fill("4")
    press(tab, "Take these")
    assert tab.get_by_label("Place of Story 5").input_value() == "4"
    tab.get_by_label("Place of Story 5").fill("1")
    press(tab, "Store places and roles")
    assert tab.get_by_label("Place of Story 5").input_value() == "1"
    go_on(tab, "Models")


def add_models(tab):
    for name in ("control", "small"):
        tab.get_by_label(f"Use ladder/{name}").check()
    press(tab, "Add the ticked models")
    tab.get_by_role("link", name="small").click()
    tab.get_by_label("Label").fill("Small (5k)")
    press(tab, "Save")
    assert tab.get_by_role("link", name="Small (5k)").is_visible()
    go_on(tab, "Generation")


def watch_generation(tab):
    """The counts follow the rows without a reload; when all is written, the page says so by itself."""
    press(tab, "Generate")
    assert tab.get_by_text("0 being written, 8 waiting, 0 failed").is_visible()
    GenerationJob.objects.filter(pk=GenerationJob.objects.first().pk).update(state="running")
    tab.get_by_text("1 being written, 7 waiting, 0 failed").wait_for()
    GenerationJob.objects.update(state="queued")
    finish_jobs(Study.objects.get())
    tab.get_by_role("heading", name="8 of 8 texts written").wait_for()
    tab.get_by_text("this page keeps itself up to date").wait_for(state="hidden")
    go_on(tab, "Review")


def review(tab):
    press(tab, "Select texts by rule")
    press(tab, "Make forms A and B")
    n_items = Study.objects.get().items.count()
    for number in range(1, n_items + 1):
        tab.locator("#looked").click()
        tab.get_by_text(f"{number} of {n_items} looked at").first.wait_for()
    go_on(tab, "Questions and texts")


def write_texts(tab):
    tab.get_by_label("Consent", exact=True).fill("A **new** consent.")
    preview = tab.get_by_label("Consent, as participants see it")
    preview.locator("strong", has_text="new").wait_for()  # rendered by the server while one writes
    tab.get_by_label("Participants in each arm and form").fill("0")
    press(tab, "Save and go on →")
    assert tab.get_by_text("must be from 1 to 100000").is_visible()
    assert tab.get_by_label("Consent", exact=True).input_value() == "A **new** consent."
    tab.get_by_label("Participants in each arm and form").fill("5")
    press(tab, "Save and go on →")
    tab.wait_for_url("**/recruitment/")


def recruit(tab):
    tab.get_by_label("Reward").fill("USD 2")
    tab.get_by_label("Contact").fill("A. Researcher, a@example.org")
    press(tab, "Save")
    assert tab.get_by_text("Less than platforms allow").first.is_visible()
    press(tab, "Save, and tell participants 6 minutes")
    assert tab.get_by_text("Fair").first.is_visible()
    go_on(tab, "Check")


def launch(tab):
    assert tab.get_by_role("heading", name="Ready to launch").is_visible()
    go_on(tab, "Launch")
    press(tab, "Launch")
    tab.get_by_text("the box that says that you are sure is not ticked").wait_for()
    for warning in tab.locator("input[name=acknowledged]").all():
        warning.check()
    tab.locator("input[name=sure]").check()
    press(tab, "Launch")
    tab.get_by_text("The design is frozen").first.wait_for()
    assert tab.locator(".staff-subtabs").get_by_role("link", name="Watch").is_visible()


def test_the_pages_work_without_script(chromium, admin_client, live_server, article_file, settings):
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    cookie = admin_client.cookies["sessionid"]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    tab = context.new_page()
    make_study(tab)
    tab.get_by_label("Article file").set_input_files(article_file)
    press(tab, "Look at the file")
    assert tab.get_by_role("button", name="Import 6 articles").is_visible()
    tab.goto("/staff/studies/pilot/texts/")
    tab.get_by_label("Consent", exact=True).fill("Without *script*.")
    press(tab, "Preview without saving")
    assert tab.locator("[data-preview-of] em").first.inner_text() == "script"
    context.close()
