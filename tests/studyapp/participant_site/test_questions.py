"""The study's own questions on their pages: in their order, kept once, told where they are wrong, without script."""

import random

import httpx
import pytest

from studyapp.actions.participation import EndAnswers, EnrolmentRefusedError, complete
from studyapp.domain.questions import PREFER_NOT
from studyapp.domain.rehearsal_cast import Character, Kind
from studyapp.models import Participant, QuestionAnswer
from studyapp.participant_site.place_names import list_countries, list_languages
from studyapp.passes import sign_pass
from studyapp.simulated.simulation import SimulatedParticipant, TrialTruth
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db
QUESTIONS = [
    {"use": "age_band", "when": "before"},
    {"name": "pets", "text": "Any pets?", "help": "At home.", "choices": ["Yes", "No"], "when": "before"},
    {"name": "which", "text": "Which ones?", "type": "choices", "choices": ["Cat", "Dog", "Fish"], "when": "before",
     "show_if": {"question": "pets", "is": ["Yes"]}},
    {"name": "years", "text": "For how many years?", "type": "number", "most": 90, "demographic": True},
    {"use": "country"},
    {"use": "native_language"},
    {"use": "llm_familiarity"},
    {"name": "thoughts", "text": "What did you think?", "type": "long_text", "required": False},
]  # fmt: skip
FIRST = {"q_age_band": "1", "q_pets": "0"}
LAST = {"q_years": "7", "q_country": "BR", "q_native_language": "yue", "q_llm_familiarity": "4"}


@pytest.fixture
def study():
    return make_launched(n_items=2, questions=QUESTIONS)


@pytest.fixture
def visitor(study):
    visitor = Visitor(study)
    visitor.start()
    return visitor


def answers_of(person):
    return dict(person.question_answers.values_list("question", "answer"))


def test_from_the_first_questions_to_the_last_in_their_order(visitor):
    assert visitor.page.step == "first-questions"
    assert visitor.open(f"{visitor.entry}item/nonsense/").step == "first-questions"
    assert "Which ones?" not in visitor.page.text
    sent = dict(visitor.page.fields)
    page = visitor.send(**FIRST)
    assert (page.step, list(page.ticks)) == ("first-questions", ["q_which"])
    assert visitor.send(to=page.url, **{**sent, **FIRST, "q_pets": "1"}).ticks == page.ticks  # the first page, again
    assert visitor.send(q_which=["2", "0"]).step == "item"
    assert visitor.open(page.url).step == "item"
    visitor.send(judgment="1")
    assert visitor.send(judgment="5").step == "more-questions"
    with pytest.raises(EnrolmentRefusedError, match="questions are still"):
        complete(visitor.participant, EndAnswers(looked_up=False, internet_check_answer=""), now=NOW)
    assert visitor.send(**LAST).step == "questions"
    assert visitor.send(looked_up="no").step == "debriefing"
    assert answers_of(visitor.participant) == {
        "age_band": "25–34", "pets": "Yes", "which": ["Cat", "Fish"],
        "years": 7, "country": "BR", "native_language": "yue", "llm_familiarity": 4, "thoughts": None,
    }  # fmt: skip


def test_who_is_not_asked_goes_on_and_who_would_rather_not_say_may(visitor):
    assert visitor.send(q_age_band=PREFER_NOT, q_pets="1").step == "item"
    for judgment in "15":
        visitor.send(judgment=judgment)
    declined = {"q_country": PREFER_NOT, "q_native_language": PREFER_NOT, "q_llm_familiarity": PREFER_NOT}
    visitor.send(**declined, **{"q_years-not_said": "on", "q_thoughts": "a\r\nb"})
    assert answers_of(visitor.participant) == {
        "age_band": PREFER_NOT, "pets": "No", "years": PREFER_NOT, "country": PREFER_NOT,
        "native_language": PREFER_NOT, "llm_familiarity": PREFER_NOT, "thoughts": "a\nb",
    }  # fmt: skip
    visitor.send(to=f"{visitor.entry}withdraw/")
    assert not QuestionAnswer.objects.exists()


def test_what_is_missing_or_cannot_be_is_told_at_its_field_and_above_all(visitor):
    visitor.send(q_pets="1")
    content = visitor.content
    assert '<a href="#id_q_age_band_0">How old are you? – Please choose an answer.</a>' in content
    assert 'aria-describedby="id_q_age_band_error"' in content
    assert 'id="id_q_age_band_error">Please choose an answer.' in content
    assert 'aria-describedby="id_q_pets_helptext"' in content
    assert content.count("Please choose an answer.") == 2
    assert not QuestionAnswer.objects.exists()
    visitor.send(q_age_band="0", q_pets="1")
    visitor.send(judgment="1")
    visitor.send(judgment="1")
    for wrong, said in [
        ({"q_years": "91"}, "less than or equal to 90"),
        ({"q_years": "many"}, "a whole number, in digits"),
        ({"q_years": "7", "q_years-not_said": "on"}, "not both"),
        ({"q_years": "many", "q_years-not_said": "on"}, "not both"),
        ({"q_years": ""}, "Please answer this."),
        ({"q_country": "XX"}, "not one of the available choices"),
        ({"q_thoughts": "x" * 4001}, "at most 4000 characters"),
    ]:
        assert visitor.send(**{**LAST, **wrong}).step == "more-questions"
        assert said in visitor.content
    assert 'aria-describedby="id_q_thoughts_error"' in visitor.content
    assert visitor.send(**{**LAST, "q_years": " 8 "}).step == "questions"


def test_a_question_is_said_in_the_language_of_its_reader():
    german = {
        "de": {"consent": "Ja?", "questions": [{"name": "pets", "text": "Haustiere?", "choices": ["Ja", "Nein"]}]}
    }
    visitor = Visitor(make_launched(n_items=2, questions=QUESTIONS, texts=german))
    visitor.send(agree="yes", language="de")
    visitor.send()
    content = visitor.content
    assert "Wie alt sind Sie?" in content and "Möchte ich nicht sagen" in content
    assert "Haustiere?" in content and "Nein" in content
    assert '<p class="help" id="id_q_pets_helptext">At home.' in content
    visitor.send(q_age_band="6", q_pets="0")
    assert '<fieldset lang="en" dir="ltr" class="scale">' in visitor.content  # which ones: not translated
    visitor.send(q_which=["1"])
    assert answers_of(visitor.participant) == {"age_band": "75 or older", "pets": "Yes", "which": ["Dog"]}
    for judgment in "15":
        visitor.send(judgment=judgment)
    assert ">Brasilien<" in visitor.content


def test_countries_and_languages_are_named_in_the_readers_language_and_in_order():
    german = list_countries("de-at")
    assert len(german) == 250
    assert dict(german)["BR"] == "Brasilien"
    names = [name for _, name in german]
    assert names.index("Norwegen") < names.index("Österreich") < names.index("Pakistan")
    assert dict(list_languages("en"))["yue"] == "Cantonese"
    assert dict(list_languages("zh-hans"))["de"] == "德语"
    assert dict(list_countries("xx-nonsense"))["DE"] == "Germany"


class Blind:
    solution = ""

    def find_trial(self, code):
        return TrialTruth(source="human", accuracy=0.6)

    def find_right_choices(self):
        return ()


@pytest.mark.parametrize("kind", [Kind.STEADY, Kind.AWKWARD])
def test_simulated_participants_answer_them_too(study, live_server, kind):
    entry = f"{live_server.url}/s/{study.slug}/?simulated={sign_pass(study, platform='simulated', name='1')}"
    with httpx.Client(follow_redirects=True) as client:
        SimulatedParticipant(
            client, entry=entry, truth=Blind(), rng=random.Random(3), character=Character(kind=kind)
        ).take_part()
    person = Participant.objects.get()
    assert person.status == "completed"
    assert {"age_band", "pets", "years", "country", "thoughts"} <= set(answers_of(person))
    assert isinstance(answers_of(person)["thoughts"], str)


def test_none_of_these_goes_with_no_other_answer():
    visitor = Visitor(make_launched(n_items=2, questions=[{"use": "news_sources", "when": "before"}]))
    visitor.start()
    none = visitor.page.ticks["q_news_sources"][-1]
    assert visitor.page.alone["q_news_sources"] == [none]
    assert "“None of these” goes with no other answer" in visitor.send(q_news_sources=["2", none]).text
    assert not QuestionAnswer.objects.exists()
    assert visitor.send(q_news_sources=[none]).step == "item"
    assert answers_of(visitor.participant) == {"news_sources": ["None of these"]}
