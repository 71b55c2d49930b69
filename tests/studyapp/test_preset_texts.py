"""The presets' texts in other languages: whole, alike, and where a study begins with them."""

import pytest

from studyapp.preset_texts import list_text_languages, read_preset_texts
from studyapp.study_file import list_presets, parse_study_file, read_preset, write_study_file

EMPTY = "[articles]\nitems = []\ncontext = []\n"


def read(text):
    return parse_study_file(text + EMPTY, name="x", folder=None).resolve([])


@pytest.mark.parametrize("preset", list_presets())
def test_every_language_says_all_that_the_preset_says(preset):
    languages = list_text_languages(preset)
    assert languages == ["en", "de", "es", "fr", "zh-Hans"]
    english = read_preset(preset)
    for language in languages[1:]:
        said = read_preset_texts(preset, language)
        assert set(said["texts"]) == set(english["texts"])
        for key, text in said["texts"].items():
            assert text.count("**") == english["texts"][key].count("**"), (language, key)
            assert text.count("\n") == english["texts"][key].count("\n"), (language, key)
            assert text not in english["texts"].values()
        assert "768" in said["checks"]["internet_check_solutions"]
        asked, own = said.get("comprehension", []), english.get("comprehension", [])
        places = [[q["choices"].index(q["answer"]) for q in questions] for questions in (asked, own)]
        assert places[0] == places[1] and [len(q["choices"]) for q in asked] == [len(q["choices"]) for q in own]


def test_a_study_begins_with_the_texts_of_its_language():
    german = read('[study]\nslug = "a"\ntitle = "A"\nlanguage = "de-AT"\n')
    assert german.texts.question == "Wer hat Ihrer Meinung nach diesen Artikel geschrieben?"
    assert german.checks.internet_check_solutions[1] == "768 Stufen" and german.checks.exclusion_rules
    assert read('[study]\nslug = "a"\ntitle = "A"\nlanguage = "it"\n').texts.question.startswith("Who do you think")


def test_a_further_language_is_filled_only_where_the_study_says_what_the_preset_says():
    design = read(
        '[study]\nslug = "a"\ntitle = "A"\npreset = "gpt3-long"\n[texts]\nconsent = "My own."\n'
        '[texts.de]\n[texts.fr]\nquestion = "Qui ?"\n[[texts.fr.comprehension]]\nquestion = "Quoi ?"\n'
        'choices = ["a", "b", "c"]\n'
    )
    german, french = design.texts.languages["de"], design.texts.languages["fr"]
    assert german.consent == "" and german.debriefing.startswith("Die Studie") and len(german.comprehension) == 3
    assert french.question == "Qui ?" and len(french.comprehension) == 1
    assert french.internet_check_question.startswith("Combien")
    assert parse_study_file(write_study_file(design), name="x", folder=None).resolve([]) == design
