"""No page of a German study says a fixed sentence in English, whether it is in the catalogues or was never marked."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils.translation import override

from studyapp.actions.participation import RETURNED_ON_PLATFORM
from studyapp.catalogues import collect_sentences, read_catalogue
from studyapp.models import Participant, Study
from tests.studyapp.participant_site.page_texts import PageTexts, make_german
from tests.studyapp.participant_site.visitors import PROLIFIC_ID, Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
ENGLISH_WORDS = re.compile(
    r"\b(?:the|and|you|your|please|this|that|with|of|have|were|yes|next|from|for|not)\b", re.IGNORECASE
)


def walk(study, client):
    """The pages of a study, each as it is and with what can go wrong on it."""
    pages = []

    def keep(answer):
        pages.append(answer.content.decode())
        return answer

    home = f"/s/{study.slug}/"
    keep(client.get(home))
    keep(client.post(f"{home}consent/", {"agree": "no"}))
    visitor = Visitor(study, client=client, PROLIFIC_PID=PROLIFIC_ID, SESSION_ID=PROLIFIC_ID)
    visitor.agree()
    pages += list_ends(study, client)
    for _ in range(30):
        if visitor.page.step == "debriefing":
            break
        keep(client.get(visitor.page.url))
        match visitor.page.step:
            case "comprehension":
                wrong = dict.fromkeys(visitor.page.choices, 0)
                keep(client.post(visitor.page.url, {}))
                keep(client.post(visitor.page.url, {**wrong, "attempt": 0}))
                client.post(visitor.page.url, {**wrong, "attempt": 1})
                visitor.open(home)
            case "item":
                keep(client.post(visitor.page.url, {}))
                if "reveal" not in visitor.page.fields:
                    keep(client.post(f"{visitor.page.url}problem/", {"problem": "x"}))
                visitor.send(judgment=4, choice=4)
            case "questions":
                keep(client.post(visitor.page.url, {}))
                visitor.send(looked_up="no")
            case _ if visitor.page.choices:
                keep(client.post(visitor.page.url, {}))
                visitor.send(**{name: values[0] for name, values in visitor.page.choices.items()})
            case _:
                visitor.send()
    for name in ("debriefing", "code", "withdraw"):
        keep(client.get(f"{home}{name}/"))
    keep(client.post(f"{home}withdraw/", follow=True))
    return pages


def list_ends(study, client):
    """What is told to whoever is out of the study, as somebody who has just come sees it; they are in it again then."""
    home, pages = f"/s/{study.slug}/", []
    ends = [
        {"status": "screened_out", "screen_out_reason": "device"},
        {"status": "dropped_out", "dropout_reason": RETURNED_ON_PLATFORM},
    ]
    for end in ends:
        Participant.objects.update(**end)
        pages += [client.get(f"{home}{name}/").content.decode() for name in ("continue", "withdraw", "code")]
    Participant.objects.update(status="enrolled", screen_out_reason="", dropout_reason="")
    pages.append(client.get(f"{home}back/nonsense/").content.decode())
    pages.append(Client(enforce_csrf_checks=True).post(f"{home}consent/", {"agree": "yes"}).content.decode())
    Study.objects.update(state=Study.State.CLOSED)
    pages.append(Client().get(f"{home}?PROLIFIC_PID={PROLIFIC_ID[::-1]}&SESSION_ID={PROLIFIC_ID}").content.decode())
    Study.objects.update(state=Study.State.LAUNCHED)
    with override("de"):
        pages += [render_to_string(f"{status}.html") for status in (400, 403, 404, 500)]
    return pages


WHOLE = {
    "comprehension": [{"question": "Was?", "choices": ["Dies", "Das"], "answer": "Das"}],
    "attention": [{"standard": "choose-human", "after": 1}, {"standard": "nonsense", "after": 2}],
    "questions": [{"use": name, "when": "before"} for name in ("age_band", "llm_familiarity", "news_frequency")],
    "checks": {"reveal_stages": 2, "reveal_seconds": 0},
}
PAIRED = {
    "checks": {"presentation": "paired"},
    "recruitment": {"platform": "prolific", "completion_code": "C1ABCDEF", "contact": "labor@example.org"},
}


@pytest.mark.parametrize("sections", [WHOLE, PAIRED])
def test_no_page_of_a_german_study_says_a_sentence_in_english(client, sections):
    study = make_launched(n_items=2, **make_german(**sections))
    pages = walk(study, client)
    assert len(pages) > 24
    texts = {text for page in pages for text in PageTexts(page).texts}
    german = read_catalogue("de")
    for message in collect_sentences():
        if not message.id:
            continue
        forms = message.id if isinstance(message.id, tuple | list) else (message.id,)
        found = german.get(forms[0])
        said = found.string if isinstance(found.string, tuple | list) else (found.string,)
        for form in set(forms) - set(said):
            pattern = re.compile(re.sub(r"%\\\(\w+\\\)[sd]", ".+", re.escape(form)))
            assert not [text for text in texts if pattern.fullmatch(text)], form
    own = [text for text in texts if not re.search(r"-word-|of pilot-story", text)]
    assert [text for text in own if ENGLISH_WORDS.search(text)] == []
