"""Nothing that reaches the browser before the debriefing tells who wrote a text."""

import re

import pytest
from django.test import Client

from studyapp.models import Stimulus, Trial
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_launched()


@pytest.fixture
def paired():
    return make_launched(checks={"presentation": "paired"})


def fetch_item(visitor):
    answer = visitor.client.get(visitor.page.url)
    return answer, answer.content.decode()


def test_the_page_of_a_text_is_the_same_whoever_wrote_it(study):
    """The same trial with the human version and with the model's, of one text: the same bytes but for the token."""
    visitor = Visitor(study)
    visitor.start()
    trial = Trial.objects.get(code=visitor.page.code)
    item, arm = trial.stimulus.item, visitor.participant.assignment.arm
    human, model = item.stimuli.get(arm=None), item.stimuli.get(arm=arm)
    Stimulus.objects.filter(pk=model.pk).update(text=human.text, words=human.words)
    pages = []
    for stimulus in (human, model):
        Trial.objects.filter(pk=trial.pk).update(stimulus=stimulus)
        answer, text = fetch_item(visitor)
        headers = {
            name: value for name, value in answer.items() if name not in ("Content-Security-Policy", "X-Request-ID")
        }
        pages.append((re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text), sorted(headers)))
    assert pages[0] == pages[1]


def test_the_page_of_a_pair_is_the_same_whichever_stands_first(paired):
    """The same trial with the model's text first and the human one's, when both read the same: the same bytes."""
    visitor = Visitor(paired)
    visitor.start()
    trial = Trial.objects.get(code=visitor.page.code)
    Stimulus.objects.filter(pk=trial.stimulus_id).update(text=trial.beside.text, words=trial.beside.words)
    pages = []
    for first in ("model", "human"):
        Trial.objects.filter(pk=trial.pk).update(first=first)
        answer, text = fetch_item(visitor)
        headers = {name for name in answer.headers if name not in ("Content-Security-Policy", "X-Request-ID")}
        pages.append((re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text), headers, len(answer.content)))
    assert pages[0] == pages[1]


def test_to_exchange_the_texts_of_a_pair_exchanges_them_and_nothing_else(paired):
    visitor = Visitor(paired)
    visitor.start()
    trial = Trial.objects.get(code=visitor.page.code)
    names = {trial.stimulus.text: "MODEL", trial.beside.text: "HUMAN"}
    pages = {}
    for first in ("model", "human"):
        Trial.objects.filter(pk=trial.pk).update(first=first)
        text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", fetch_item(visitor)[1])
        for body, name in names.items():
            for number, paragraph in enumerate(body.split("\n\n")):
                assert paragraph in text
                text = text.replace(paragraph, f"{name}-{number}")
        pages[first] = text
    exchanged = re.sub("MODEL|HUMAN", lambda found: {"MODEL": "HUMAN", "HUMAN": "MODEL"}[found.group()], pages["model"])
    assert exchanged == pages["human"]


@pytest.mark.parametrize("presentation", ["single", "paired"])
def test_no_word_of_a_page_names_source_arm_form_or_generator(presentation):
    study = make_launched(checks={"presentation": presentation})
    visitor = Visitor(study)
    visitor.start()
    while visitor.page.step == "item":
        trial = Trial.objects.get(code=visitor.page.code)
        answer, text = fetch_item(visitor)
        everything = text + str(list(answer.headers.values())) + str(answer.cookies)
        without_text = everything
        for stimulus in trial.texts:
            for paragraph in stimulus.text.split("\n\n"):
                assert paragraph in without_text
                without_text = without_text.replace(paragraph, "")
        assignment = visitor.participant.assignment
        codes = [stimulus.code for stimulus in trial.texts] + [visitor.participant.code]
        names = [assignment.arm.name, assignment.arm.label, assignment.arm.generator, *codes]
        names += ["source", "stimulus", "candidate", "temperature", "model", "beside"]
        for name in filter(None, names):
            assert not re.search(rf"\b{re.escape(name)}\b", without_text, flags=re.IGNORECASE), name
        visitor.send(judgment="3", choice="3")
    assert visitor.page.step == "questions"


def test_a_trials_address_is_drawn_at_random_and_long(study):
    for _ in range(3):
        Visitor(study).agree()
    codes = list(Trial.objects.values_list("code", flat=True))
    assert len(set(codes)) == len(codes) == 12
    assert min(map(len, codes)) >= 16


def test_truth_cannot_be_sent_by_the_browser(study):
    visitor = Visitor(study)
    visitor.start()
    trial = Trial.objects.get(code=visitor.page.code)
    before = trial.stimulus_id
    visitor.send(judgment="1", source="human", stimulus="1", correct="1", position="4")
    trial.refresh_from_db()
    assert trial.stimulus_id == before
    assert trial.response.judgment == 1


def test_the_debriefing_is_shut_until_every_answer_is_stored(study):
    visitor = Visitor(study)
    visitor.start()
    assert visitor.open(f"{visitor.entry}debriefing/").step == "item"
    assert "a language model" in visitor.finish().text


def test_the_debriefing_tells_the_truth(study):
    visitor = Visitor(study)
    text = " ".join(visitor.finish().text.split())
    for trial in Trial.objects.all():
        who = "a person" if trial.stimulus.arm_id is None else "a language model"
        assert f"{trial.stimulus.item.article.title} {who}" in text


def test_markup_in_a_text_is_shown_as_text(study):
    visitor = Visitor(study)
    visitor.start()
    trial = Trial.objects.get(code=visitor.page.code)
    Stimulus.objects.filter(pk=trial.stimulus_id).update(text="<script>alert(1)</script> & more")
    _, text = fetch_item(visitor)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in text


def test_the_policy_allows_no_script_of_the_page_itself(study):
    policy = Client().get(f"/s/{study.slug}/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy or "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
