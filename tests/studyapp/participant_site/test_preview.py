"""The preview: the participants' own pages for staff, and not one row more in the whole database."""

import re
from itertools import pairwise

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from studyapp.actions.selection import select_stimuli
from studyapp.models import Stimulus
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import finish_jobs, make_draft, make_launched

pytestmark = pytest.mark.django_db
STEPS = ["consent", "instructions", "item-1", "item-2", "item-3", "item-4", "questions", "debriefing"]
BESIDE = ["withdraw", "declined"]
PROLIFIC = {"platform": "prolific", "completion_code": "C1A2B3"}


def address(step, *, arm="small", form="A"):
    return f"/s/pilot/preview/{arm}/{form}/{step}/"


def count_rows():
    return {model._meta.label: model._default_manager.count() for model in apps.get_models(include_auto_created=True)}


def list_links(text):
    return re.findall(r'(?:href|action|formaction)="([^"]*)"', text)


@pytest.mark.parametrize("make", [make_draft, make_launched])
def test_every_page_is_shown_and_every_form_leads_on_and_nothing_is_stored(admin_client, make):
    make(slug="pilot", recruitment=PROLIFIC)
    admin_client.get("/staff/")
    before = count_rows()
    for step, following in zip([*STEPS, *BESIDE], [*STEPS[1:], "debriefing", *BESIDE], strict=True):
        shown = admin_client.get(address(step))
        assert shown.status_code == 200, step
        assert "Preview." in shown.content.decode()
        answer = admin_client.post(address(step), {"agree": "yes", "judgment": "5", "looked_up": "no"})
        assert answer.url == address(following), step
    assert count_rows() == before


def test_who_does_not_agree_is_refused_in_the_preview_as_on_the_site(admin_client):
    study = make_launched(slug="pilot", recruitment=PROLIFIC)
    assert admin_client.post(address("consent"), {"agree": "no"}).url == address("declined")
    shown = admin_client.get(address("declined")).content.decode()
    assert f'<a href="{address("declined")}" aria-current="page">Not agreeing</a>' in shown
    told = Client().post(f"/s/{study.slug}/consent/", {"agree": "no", "arrival": ""}).content.decode()
    title = re.search(r"<h1>.*?</h1>", told)[0]
    assert title in shown and "not agreed, so nothing was stored" in shown


def test_a_page_that_says_that_answers_are_stored_says_that_yours_are_not(admin_client):
    make_launched(slug="pilot")
    shown = admin_client.get(address("debriefing")).content.decode()
    assert "Your answers are stored." in shown and "of yours, nothing is." in shown
    assert "of yours, nothing is." not in admin_client.get(address("questions")).content.decode()


def test_no_link_and_no_form_of_the_pages_leaves_the_preview(admin_client):
    make_launched(slug="pilot", recruitment=PROLIFIC)
    for step in [*STEPS, *BESIDE]:
        text = admin_client.get(address(step)).content.decode()
        main = text.partition("</nav>")[2]
        assert [link for link in list_links(main) if not link.startswith(("/s/pilot/preview/", "#"))] == [], step
        head = text.partition("<nav")[0]
        assert all(link.startswith(("/static/", "#")) for link in list_links(head))


def test_the_pages_are_those_of_a_participant_of_the_cell():
    """Byte for byte but for the bar, the links and the token, as somebody sees it who was allocated there."""
    study = make_launched(slug="pilot")
    visitor = Visitor(study)
    visitor.start()
    cell = visitor.participant.assignment
    staff = Client()
    staff.force_login(User.objects.create_superuser("anna"))
    seen = {}
    while visitor.page.step == "item":
        text = visitor.client.get(visitor.page.url).content.decode()
        seen[find_title(text)] = level(text)
        visitor.send(judgment="3")
    for number in range(1, 5):
        text = staff.get(address(f"item-{number}", arm=cell.arm.name, form=cell.form.name)).content.decode()
        assert level(text) == seen[find_title(text)]


def find_title(text):
    return re.search(r"<article.*?<h1>(.*?)</h1>", text, re.DOTALL).group(1)


def level(text):
    """A page without what differs by place and visitor."""
    text = re.sub(r'\s*<nav class="preview".*?</nav>\s*', "\n", text, flags=re.DOTALL)
    text = re.sub(r'(href|action|formaction)="[^"]*"', "", text)
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    text = re.sub(r"Article \d of 4|value=\"\d\" max|<span>[\w ]+ left</span>", "", text)
    return re.sub(r"\s+", " ", text)


def test_a_draft_shows_the_texts_that_are_chosen(admin_client):
    study = make_draft(slug="pilot")
    finish_jobs(study)
    assert "has no text for this article yet" in show_all(admin_client)
    select_stimuli(study)
    shown = show_all(admin_client)
    assert "has no text for this article yet" not in shown
    models = Stimulus.objects.filter(arm__name="small")
    assert sum(stimulus.text.split()[0] in shown for stimulus in models) == 2


def show_all(client):
    return "".join(client.get(address(step)).content.decode() for step in STEPS)


def test_the_debriefing_tells_who_wrote_what(admin_client):
    make_launched(slug="pilot")
    text = admin_client.get(address("debriefing")).content.decode()
    assert (text.count("a language model"), text.count("a person")) == (2, 2)


def test_strangers_and_unknown_cells_and_pages_are_refused(admin_client, client):
    make_launched(slug="pilot")
    assert client.get(address("consent")).url.startswith("/staff/login/")
    for wrong in (address("consent", arm="none"), address("consent", form="C"), address("item-5"), address("item")):
        assert admin_client.get(wrong).status_code == 404, wrong


def test_a_participants_page_has_no_bar():
    visitor = Visitor(make_launched(slug="pilot"))
    visitor.start()
    assert "review" not in visitor.client.get(visitor.page.url).content.decode()


def test_the_studys_own_questions_are_shown_with_what_only_some_are_asked(admin_client):
    questions = [
        {"name": "pets", "text": "Any pets?", "choices": ["Yes", "No"], "when": "before"},
        {"name": "which", "text": "Which?", "type": "short_text", "when": "before",
         "show_if": {"question": "pets", "is": ["Yes"]}},
        {"use": "gender"},
    ]  # fmt: skip
    make_launched(slug="pilot", questions=questions)
    way = [("instructions", ""), ("first-questions-1", "Any pets?"), ("first-questions-2", "Which?"), ("item-1", "")]
    way += [("item-4", ""), ("more-questions-1", "What is your gender?"), ("questions", "")]
    for step, said in way:
        assert said in admin_client.get(address(step)).content.decode()
    for (step, _), (following, _) in pairwise(way):
        if step != "item-1":
            assert admin_client.post(address(step)).url == address(following)
    assert (
        "“Which?” is asked only where pets is: Yes." in admin_client.get(address("first-questions-2")).content.decode()
    )
