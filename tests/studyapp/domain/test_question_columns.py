"""The study's own questions in a bundle: cells, the codebook, and how a public version tells less."""

import pytest

from studyapp.domain.continents import CONTINENTS, find_continent
from studyapp.domain.question_columns import format_answer, list_coarsening, list_question_entries
from studyapp.domain.questions import PREFER_NOT, Question, take_ready_made


def make(**says):
    return Question(**{"name": "q", "text": "What?", **says})


def take(name):
    return Question(**take_ready_made({"use": name}, place=("questions", 0), faults=[]))


@pytest.mark.parametrize(
    ("question", "answer", "cell"),
    [
        (take("gender"), "Woman", "Woman"),
        (take("gender"), PREFER_NOT, PREFER_NOT),
        (take("gender"), None, ""),
        (take("news_sources"), ["Television", "From other people"], "Television;From other people"),
        (take("llm_familiarity"), 3, "3"),
        (take("llm_familiarity"), PREFER_NOT, ""),
        (make(type="number"), 0, "0"),
    ],
)
def test_an_answer_is_a_cell(question, answer, cell):
    assert format_answer(question, answer) == cell


def test_the_codebook_is_made_from_the_declaration():
    entries = list_question_entries(
        [
            make(name="age", type="number", least=18, most=99, demographic=True, when="before"),
            take("llm_familiarity"),
            make(name="pets", choices=("Yes", "No"), text="Any\n pets?"),
            make(name="which", type="short_text", show_if={"question": "pets", "is": ["Yes"]}),
            make(name="kinds", type="choices", choices=("Cat", "Dog")),
            take("country"),
        ]
    )
    assert [entry[:5] for entry in entries] == [
        ("participants.csv", "age", "integer", "", ">= 18;<= 99"),
        ("participants.csv", "llm_familiarity", "integer", "", "1;2;3;4;5"),
        ("participants.csv", "pets", "text", "", "Yes;No"),
        ("participants.csv", "which", "text", "", ""),
        ("participants.csv", "kinds", "list", "", "Cat;Dog"),
        ("participants.csv", "country", "text", "", f"ISO 3166-1 alpha-2 codes;{PREFER_NOT}"),
    ]
    meanings = [entry[5] for entry in entries]
    assert meanings[0] == "What? (before the articles; empty = not asked, or not answered, or not said)"
    assert "1 Not at all familiar, 5 Very familiar" in meanings[1]
    assert meanings[2].startswith("Any pets? (after the articles")
    assert "only where pets is Yes" in meanings[3]


def climb(question, value):
    return [step(value) for step in list_coarsening(question)]


def test_what_is_ordered_is_joined_with_its_neighbours():
    age = take("age_band")
    assert climb(age, "25–34") == ["25–34", "18–24 to 25–34", "18–24 to 45–54", ""]
    assert climb(age, "75 or older") == ["75 or older", "75 or older", "55–64 to 75 or older", ""]
    assert climb(age, PREFER_NOT) == [PREFER_NOT, PREFER_NOT, PREFER_NOT, ""]


@pytest.mark.parametrize(
    ("question", "value", "read"),
    [
        (make(type="number"), "33", ["30-34", "30-39", "20-39"]),
        (take("llm_familiarity"), "3", ["3", "2-3", "0-3", ""]),
        (take("country"), "BR", ["BR", "Americas", ""]),
        (take("gender"), "Man", ["Man"]),
        (take("native_language"), "de", ["de"]),
        (make(type="long_text"), "my name is", [""]),
    ],
)
def test_every_type_has_its_steps(question, value, read):
    assert climb(question, value) == read


def test_every_country_is_on_one_continent():
    assert len(CONTINENTS) == 250  # ISO 3166-1 has 249, and Kosovo a code of its own choosing
    assert (find_continent("DE"), find_continent("NZ"), find_continent(PREFER_NOT)) == ("Europe", "Oceania", PREFER_NOT)
