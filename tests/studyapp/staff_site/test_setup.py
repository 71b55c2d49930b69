"""A new study: from a preset or a file, and the way through its steps."""

from html import unescape

import pytest
from django.contrib.auth.models import User

from studyapp.actions.drafts import change_draft
from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.actions.review import hash_texts, record_look
from studyapp.actions.selection import select_stimuli
from studyapp.domain.design_changes import DesignChange
from studyapp.models import GenerationJob, ItemLook, Study
from studyapp.staff_site.steps import PAGES, find_neighbours, find_next_page, find_steps
from studyapp.study_file import describe_preset, write_study_file
from tests.studyapp.staff_site.staff_pages import page, put_checkpoint, read, read_form, upload
from tests.studyapp.study_rows import NOW, finish_jobs, make_articles, make_design, make_draft, make_launched

pytestmark = pytest.mark.django_db
SAID = {"from": "preset", "preset": "gpt3-short", "title": "Mine", "slug": "mine", "language": "en"}


def test_a_study_from_a_preset_has_its_texts_and_neither_articles_nor_arms(admin_client):
    answer = admin_client.post(page("study_new"), SAID)
    study = Study.objects.get()
    assert answer.url == page("study_articles", "mine")
    assert (study.items.count(), study.context.count(), study.arms.count()) == (0, 0, 0)
    assert "Ulm" in study.internet_check_question
    assert (study.title, study.preset, study.language, study.participants_per_cell) == ("Mine", "gpt3-short", "en", 40)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"slug": "taken"}, "already"),
        ({"slug": "-bad-"}, "must be small letters"),
        ({"title": ""}, "This field is required"),
        ({"preset": "gone"}, "Select a valid choice"),
    ],
)
def test_a_study_that_cannot_be_says_why_and_makes_nothing(admin_client, change, fault):
    make_draft(slug="taken")
    assert fault in read(admin_client.post(page("study_new"), {**SAID, **change}))
    assert Study.objects.count() == 1


def test_a_study_from_a_file_and_back(admin_client):
    text = write_study_file(make_design(make_articles(5), slug="filed"))
    answer = admin_client.post(page("study_new"), {"from": "file", "file": upload("s.toml", text)}, follow=True)
    assert answer.redirect_chain[-1][0] == page("study_models", "filed")  # its models are not on this machine
    assert read(admin_client.get(page("study_file", "filed"))) == text
    bad = text.replace('slug = "filed"', 'slug = "Filed!"')
    assert "[study] slug" in read(admin_client.post(page("study_new"), {"from": "file", "file": upload("s.toml", bad)}))


def test_every_preset_says_in_a_line_what_it_is(admin_client):
    shown = read(admin_client.get(page("study_new")))
    for name, line in (
        ("gpt3-short", "25 news articles"),
        ("gpt3-long", "12 news articles"),
        ("paired", "side by side"),
    ):
        assert f"{name}: " in shown and line in describe_preset(name) in unescape(shown)


def put_models(settings):
    for name in ("control", "small", "large"):
        put_checkpoint(settings.MODELS_DIR, name, n_params=1000)


def say_states(study):
    return {step.name: step.state for step in find_steps(Study.objects.get(pk=study.pk))}


def test_the_steps_follow_from_the_rows(settings):
    study = make_draft(n_items=4)
    assert say_states(study)["Models"] == "problem"
    put_models(settings)
    states = say_states(study)
    assert states == {
        "Articles": "done", "Models": "done", "Generation": "next", "Review": "todo", "Questions and texts": "done",
        "Recruitment": "todo", "Check": "todo", "Launch": "todo",
    }  # fmt: skip
    finish_jobs(study)
    assert (say_states(study)["Generation"], say_states(study)["Review"]) == ("done", "next")
    select_stimuli(study)
    assert say_states(study)["Review"] == "next"  # no forms yet
    make_quiz_forms(study)
    steps = {step.name: step for step in find_steps(Study.objects.get())}
    assert (steps["Review"].state, steps["Review"].detail) == ("next", "0 of 4 looked at")
    anna = User.objects.create_user("anna")
    for item in study.items.all():
        record_look(item, texts_sha256=hash_texts(item), by=anna, now=NOW)
    assert (say_states(study)["Review"], say_states(study)["Recruitment"]) == ("done", "next")  # no contact yet
    change_draft(study, DesignChange(sections={"recruitment": {"contact": "a@example.org", "reward": "USD 1"}}))
    steps = {step.name: step for step in find_steps(Study.objects.get())}
    assert steps["Recruitment"].state == "problem" and "USD 2.00 an hour" in steps["Recruitment"].why
    change_draft(study, DesignChange(sections={"recruitment": {"reward": "USD 6"}}))
    assert [state for name, state in say_states(study).items() if name not in ("Check", "Launch")] == ["done"] * 6
    assert (say_states(study)["Check"], say_states(study)["Launch"]) == ("done", "next")
    ItemLook.objects.all().delete()  # nobody need look before the checklist can be seen: it warns of it
    assert (say_states(study)["Review"], say_states(study)["Check"]) == ("next", "done")
    GenerationJob.objects.filter(arm__name="small").update(state="failed")
    assert say_states(study)["Generation"] == "problem"


def test_what_must_be_mended_is_said_on_its_step(settings):
    study = make_draft(texts={"consent": "", "debriefing": " "}, articles={"items": [], "context": []})
    steps = {step.name: step for step in find_steps(study)}
    assert (steps["Articles"].state, steps["Articles"].detail) == ("next", "none chosen yet")
    assert steps["Questions and texts"].why == "Empty: consent, debriefing."
    assert "checkpoint:control" in steps["Models"].why


def test_a_study_is_taken_up_where_it_was_left(admin_client, settings):
    study = make_draft(slug="pilot")
    put_models(settings)
    for address in (page("study_overview", "pilot"), page("study_setup", "pilot")):
        assert admin_client.get(address, follow=True).redirect_chain[-1][0] == page("study_generation", "pilot")
    shown = read(admin_client.get(page("study_generation", "pilot")))
    assert "← Back: Models" in shown and "Next: Review →" in shown and 'aria-current="step"' in shown
    assert find_next_page(find_steps(study)) == "study_generation"


def test_each_step_leads_to_the_one_before_and_the_one_after():
    steps = find_steps(make_draft())
    assert find_neighbours(steps, PAGES[0][0])[0] is None
    assert find_neighbours(steps, PAGES[-1][0])[1] is None
    assert [step.page for step in find_neighbours(steps, "study_review")] == ["study_generation", "study_texts"]
    assert find_neighbours(steps, "study_export") == (None, None)


def test_a_launched_study_has_tabs_and_its_pages_change_nothing(admin_client):
    make_launched(slug="pilot")
    before = read(admin_client.get(page("study_file", "pilot")))
    for name in ("study_articles", "study_models", "study_texts", "study_recruitment", "study_check"):
        shown = read(admin_client.get(page(name, "pilot"))).partition('<div class="staff">')[2]
        assert "Running</a>" in shown and "staff-steps" not in shown
        tabs = shown.partition('class="staff-subtabs"')[2].partition("</nav>")[0]
        assert tabs.count('aria-current="page"') == 1, name
        assert "Save" not in shown and "Remove" not in shown, name
    refused = [
        ("study_texts", {**read_form(admin_client.get(page("study_texts", "pilot"))), "texts-consent": "Other"}),
        ("study_recruitment", {**read_form(admin_client.get(page("study_recruitment", "pilot"))), "then": "next"}),
        ("study_articles", {"do": "take", "n_context": 0, "n_items": 2}),
        ("study_models", {"do": "remove", "arm_name": "small"}),
        ("study_generation", {"do": "retry"}),
    ]
    for name, posted in refused:
        assert "frozen" in read(admin_client.post(page(name, "pilot"), posted, follow=True)), name
    assert read(admin_client.get(page("study_file", "pilot"))) == before


def test_the_check_leads_from_each_finding_to_where_it_is_mended(admin_client):
    make_draft(slug="pilot", texts={"consent": ""})
    shown = read(admin_client.get(page("study_check", "pilot")))
    assert "Not ready yet" in shown and "The consent text is empty" in shown
    assert shown.index("Refused") < shown.index("Mind")
    finding = shown[shown.index("The consent text is empty") :].partition("</li>")[0]
    assert page("study_texts", "pilot") in finding
