"""A study's texts in further languages: read, written back, spoken, and what is missing."""

import dataclasses

import pytest

from studyapp.domain.launch_checklist import check_launch
from studyapp.domain.study_design import DesignError, describe_design, parse_design
from studyapp.domain.study_texts import SpokenTexts, list_missing, translate_texts
from tests.studyapp.domain.launch_studies import READY

OWN = {"consent": "Consent", "instructions": "Read", "question": "Who?", "debriefing": "Thanks"}
ASKED = [
    {"question": "What?", "choices": ["This", "That"], "answer": "That"},
    {"question": "When?", "choices": ["Now", "Later"], "answer": "Now"},
]
GERMAN = {
    "title": "Wer?", "consent": "Einwilligung", "instructions": "Lesen",
    "comprehension": [{"question": "Was?", "choices": ["Dies", "Das"]}],
}  # fmt: skip


def parse(texts, **study):
    return parse_design(
        {"study": {"slug": "a", "title": "Who?", **study}, "texts": {**OWN, **texts}, "comprehension": ASKED}
    )


def speak(design, language):
    own = SpokenTexts(
        language="en", own="en", title="Who?", reward="", internet_check_question="",
        comprehension=design.comprehension, **OWN,
    )  # fmt: skip
    return translate_texts(own, language=language, translation=design.texts.languages[language])


def test_reading_and_writing_agree():
    design = parse({"de": GERMAN, "zh-Hans": {}})
    described = describe_design(design)
    assert parse_design(described) == design
    assert described["texts"]["de"]["comprehension"] == [{"question": "Was?", "choices": ["Dies", "Das"]}]
    assert described["texts"]["consent"] == "Consent" and described["texts"]["zh-Hans"]["consent"] == ""


@pytest.mark.parametrize(
    ("texts", "study", "fault"),
    [
        ({"zh_Hans": {}}, {}, "[texts] zh_Hans: is no key of a text, and as a language it must be a tag; write it as"),
        ({"consnet": {}}, {}, "[texts] consnet: is no key of a text"),
        ({"de": {}}, {"language": "de"}, "[texts] de: is the study's own language"),
        ({"de": {}, "DE": {}}, {}, "[texts] DE: this language is there twice"),
        ({"de": {"consnet": "x"}}, {}, "[texts] de.consnet: there is no such key; did you mean 'consent'?"),
        ({"de": {"comprehension": [{"choices": "x"}]}}, {}, "[texts] de.comprehension.1.choices: must be a list"),
        ({"consnet": "x"}, {}, "[texts] consnet: there is no such key; did you mean 'consent'?"),
        ({"de": "Hallo"}, {}, "[texts] de: there is no such key"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_key(texts, study, fault):
    with pytest.raises(DesignError) as refused:
        parse(texts, **study)
    assert any(said.startswith(fault) for said in refused.value.faults), refused.value.faults


def test_what_is_not_translated_is_read_in_the_studys_own():
    spoken = speak(parse({"de": GERMAN}), "de")
    assert (spoken.title, spoken.consent, spoken.debriefing) == ("Wer?", "Einwilligung", "Thanks")
    assert spoken.find_language("consent") == "de" and spoken.find_language("debriefing") == "en"
    assert [asked.question for asked in spoken.comprehension] == ["Was?", "When?"]
    assert spoken.comprehension[0].right == 1 and spoken.comprehension[0].answer == "Das"
    assert list_missing(spoken) == ["question", "debriefing", "question 2 about the instructions"]


def test_a_question_with_other_choices_is_not_taken():
    wrong = {**GERMAN, "comprehension": [{"question": "Was?", "choices": ["Dies", "Das", "Jenes"]}]}
    assert speak(parse({"de": wrong}), "de").comprehension[0].question == "What?"


def test_the_checklist_refuses_a_language_without_consent_and_names_the_rest():
    without = speak(parse({"de": {**GERMAN, "consent": " "}}), "de")
    partly = speak(parse({"de": GERMAN}), "de")
    facts = dataclasses.replace(READY, further_texts=(without, partly), languages_unspoken=("ar",))
    found = [(f.level, f.message) for f in check_launch(facts) if f.topic == "Languages"]
    assert [level for level, _ in found] == ["refuse", "warn", "warn"]
    assert "the consent text is not translated" in found[0][1]
    assert found[1][1].endswith("read in en: question, debriefing, question 2 about the instructions.")
    assert "in English" in found[2][1]
    odd = dataclasses.replace(READY, language="German")
    assert any(f.level == "refuse" and "no language" in f.message for f in check_launch(odd))
