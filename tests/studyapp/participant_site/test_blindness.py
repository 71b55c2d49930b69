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


def test_no_word_of_a_page_names_source_arm_form_or_generator(study):
    visitor = Visitor(study)
    visitor.start()
    while visitor.page.step == "item":
        trial = Trial.objects.get(code=visitor.page.code)
        answer, text = fetch_item(visitor)
        everything = text + str(list(answer.headers.values())) + str(answer.cookies)
        without_text = everything
        for paragraph in trial.stimulus.text.split("\n\n"):
            without_text = without_text.replace(paragraph, "")
        assignment = visitor.participant.assignment
        names = [assignment.arm.name, assignment.arm.label, assignment.arm.generator, trial.stimulus.code,
                 visitor.participant.code, "source", "stimulus", "candidate", "temperature"]  # fmt: skip
        for name in filter(None, names):
            assert not re.search(rf"\b{re.escape(name)}\b", without_text, flags=re.IGNORECASE), name
        visitor.send(judgment="3")


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
