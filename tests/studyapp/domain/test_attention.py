import pytest

from studyapp.domain.attention import (
    AttentionQuestion,
    GivenAnswer,
    find_due,
    find_fail_fault,
    judge_answers,
)
from studyapp.domain.attention_standard import STANDARD, expand_standard
from studyapp.domain.study_design import DesignError, describe_design, parse_design
from studyapp.domain.study_texts import SpokenTexts, TranslatedCheck, Translation, list_missing, translate_texts

TEXT = "Please choose “{answer}” here."
MINIMAL = {"study": {"slug": "s", "title": "T"}}


def ask(**changes):
    return AttentionQuestion(**{"text": TEXT, "answer": 5, "after": 2, **changes})


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"text": "Please choose the right answer."}, "text: does not say what to choose. Rule: the question itself"),
        ({"text": "Please choose 'Very likely written by a human'."}, "text: does not say what to choose"),
        ({"answer": 3}, 'answer: "I don\'t know" is neutral. Rule: a neutral answer is never the right one'),
        ({"choices": ("Blue", "Not sure"), "answer": "Not sure"}, "answer: 'Not sure' is neutral"),
        (
            {"text": f"As in the instructions: {TEXT}"},
            "'in the instructions' asks for what .* memory",
        ),
        ({"text": f"Remember the colour. {TEXT}"}, "never rests on memory"),
        ({"text": f"<small>{TEXT}</small>"}, "Rule: nothing is hidden in small print"),
        ({"text": TEXT + " x" * 200}, "Rule: nothing is hidden in small print or in a long text"),
        ({"text": "I live on the Sun.", "kind": "nonsensical"}, "choices: are missing. Rule: a nonsensical item"),
        (
            {"text": "I live on the Sun.", "kind": "nonsensical", "choices": ("Yes", "No", "Neither"), "answer": "No"},
            "choices: 'Neither' is neutral. Rule: a nonsensical item offers no neutral answer",
        ),
        (
            {"kind": "catch article"},
            "kind: there is no 'catch article'. Rule: a check is one of inst",
        ),
        ({"text": " "}, "text: must not be empty"),
        ({"answer": 6}, "answer: must be from 1 to 5"),
        ({"answer": "Blue"}, "answer: is 'Blue'; it must be one of the choices"),
        ({"choices": ("Blue",), "answer": 1}, "choices: must be at least two"),
        ({"choices": ("Blue", "Blue"), "answer": 1}, "choices: each can stand there once"),
        ({"after": 0}, "after: must be at least 1"),
    ],
)
def test_what_panels_forbid_is_refused_with_the_rule(changes, fault):
    with pytest.raises(ValueError, match=fault):
        ask(**changes)


def test_the_text_says_the_answer_as_the_page_words_it():
    labels = ["a", "b", "c", "d", "sehr"]
    assert ask().word(labels) == "Please choose “sehr” here."
    own = ask(text="Choose blue.", choices=("Red", "Blue"), answer="Blue")
    assert (own.right, own.n_answers, own.word(["Red", "Blue"])) == (2, 2, "Choose blue.")
    assert ask(text="Pick “Very likely written by a machine”.").right == 5


@pytest.mark.parametrize("language", ["en", "de-AT", "es", "fr", "zh-Hans"])
@pytest.mark.parametrize("name", STANDARD)
def test_every_ready_made_check_obeys_the_rules_in_every_language(name, language):
    asked = parse_design(
        {
            "study": {**MINIMAL["study"], "language": language},
            "attention": [{"standard": name, "after": 3}],
        }
    ).attention[0]
    assert asked.after == 3
    assert asked.right == {"choose-human": 1, "choose-machine": 5, "nonsense": 2}[name]


@pytest.mark.parametrize(
    ("entry", "language", "fault"),
    [({"standard": "trick"}, "en", "there is no 'trick'"), ({"standard": "nonsense"}, "fi", "none is written in 'fi'")],
)
def test_a_ready_made_check_that_is_not_there_is_named(entry, language, fault):
    with pytest.raises(ValueError, match=fault):
        expand_standard(entry, language=language)


def design(*, fails_from=2, minutes=30, afters=(1, 2), rules=("attention",)):
    return parse_design(
        {
            **MINIMAL,
            "attention": [{"standard": "choose-human", "after": after} for after in afters],
            "checks": {"exclusion_rules": list(rules)},
            "exclusion": {"attention_failed": fails_from},
            "recruitment": {"estimated_minutes": minutes},
        }
    )


def test_a_ready_made_check_is_written_back_in_full():
    described = describe_design(design())
    assert described["attention"][0]["text"].startswith("This is not an article")
    assert "standard" not in described["attention"][0]
    assert parse_design(described) == design()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"fails_from": 1}, r"\[exclusion\] attention_failed: is 1, .*5 minutes or more, two checks must be failed"),
        ({"fails_from": 3}, r"\[exclusion\] attention_failed: is 3, but there are 2 checks"),
        ({"afters": ()}, r"\[checks\] exclusion_rules: 'attention' needs checks, each under \[\[attention\]\]"),
        ({"afters": (2, 2)}, r"\[\[attention\]\] 2 after: is 2, behind a check after 2"),
        ({"afters": (3, 2)}, r"\[\[attention\]\] 2 after: is 2, behind"),
        ({"afters": range(1, 12)}, r"\[\[attention\]\] 11: there can be 10 checks"),
    ],
)
def test_a_study_whose_checks_cannot_be_is_refused(options, fault):
    with pytest.raises(DesignError, match=fault):
        design(**options)


def test_in_a_short_study_one_failed_check_is_enough_for_the_rule():
    assert design(fails_from=1, minutes=4).exclusion.attention_failed == 1
    assert find_fail_fault(fails_from=1, n_checks=1, minutes=5)
    assert design(fails_from=1, rules=()).attention  # without the rule nothing follows from them


CHECKS = [ask(after=1, answer=1), ask(after=3), ask(after=9)]


@pytest.mark.parametrize(
    ("n_given", "n_answered", "due"),
    [(0, 0, None), (0, 1, 1), (0, 2, 1), (1, 1, None), (1, 3, 2), (2, 3, None), (2, 4, 3), (3, 4, None)],
)
def test_a_check_is_due_by_what_is_answered_and_a_late_one_after_the_last_article(n_given, n_answered, due):
    given = [GivenAnswer("t", 1, "t")] * n_given + [GivenAnswer("t")]  # the next one has been seen already
    assert find_due(CHECKS, given, n_answered=n_answered, n_articles=4) == due


def test_only_wrong_answers_count_as_failed():
    given = [GivenAnswer("t", 1, "t"), GivenAnswer("t", 4, "t"), GivenAnswer("t")]
    found = judge_answers(CHECKS, given)
    assert (found.asked, found.failed) == (2, 1)


def speak(translation, *, language="de", attention=None):
    """The checks of an English study as somebody reads them in another language, and what is not translated."""
    entries = attention or [{"standard": "choose-human", "after": 1}, {"text": "Choose blue.", "answer": "Blue",
                             "choices": ["Red", "Blue"], "after": 2}]  # fmt: skip
    checks = parse_design({**MINIMAL, "attention": entries}).attention
    texts = dict.fromkeys(("title", "reward", "consent", "instructions", "question", "debriefing"), "")
    own = SpokenTexts(language="en", own="en", internet_check_question="", comprehension=(), attention=checks, **texts)
    spoken = translate_texts(own, language=language, translation=Translation(attention=translation))
    return spoken.attention, list_missing(spoken)


def test_a_check_is_read_in_the_participants_language_and_a_ready_made_one_needs_no_translation():
    (first, second), missing = speak(())
    assert first.text.startswith("Das ist kein Artikel")
    assert second.text == "Choose blue."
    assert missing == ["attention check 2"]
    blue = TranslatedCheck("Wählen Sie Blau.", ("Rot", "Blau"))
    (first, second), missing = speak((TranslatedCheck("Bitte „{answer}“ wählen."), blue))
    assert (first.text, first.right) == ("Bitte „{answer}“ wählen.", 1)
    assert (second.word(second.choices), second.right, missing) == ("Wählen Sie Blau.", 2, [])


@pytest.mark.parametrize(
    "said", [TranslatedCheck("Wählen Sie Blau.", ("Blau",)), TranslatedCheck("Hm.", ("Rot", "Blau"))]
)
def test_a_translation_that_does_not_fit_or_breaks_a_rule_is_missing(said):
    (_, second), missing = speak((TranslatedCheck("{answer}"), said))
    assert (second.text, missing) == ("Choose blue.", ["attention check 2"])
    assert speak((), language="fi")[1] == ["attention check 1", "attention check 2"]
