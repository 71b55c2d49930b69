"""Which language a visitor reads, and how it runs."""

import pytest

from studyapp.domain.languages import choose_language, find_direction, is_tag
from studyapp.domain.sentences import Sentence


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ((), "de"),
        (("fr",), "fr"),
        (("fr-CA", "en"), "fr"),
        (("it", "EN-us", "de"), "en-GB"),
        (("it", "*"), "de"),
        (("zh-cn",), "zh-Hans"),
        (("pt-br", "pt"), "pt-BR"),
    ],
)
def test_the_best_of_the_browsers_languages_is_taken(accepted, chosen):
    assert choose_language(accepted, offered=["de", "fr", "en-GB", "zh-Hans", "pt-BR"]) == chosen


def test_the_same_tag_goes_before_another_region():
    assert choose_language(["pt-br"], offered=["pt-PT", "pt-BR"]) == "pt-BR"


@pytest.mark.parametrize(
    ("language", "direction"),
    [("ar", "rtl"), ("he-IL", "rtl"), ("az-Arab", "rtl"), ("ks-Deva", "ltr"), ("de", "ltr"), ("fa-IR", "rtl")],
)
def test_direction(language, direction):
    assert find_direction(language) == direction


def test_tags():
    assert [tag for tag in ("de", "zh-Hans", "pt-BR", "sr-Latn-RS", "gsw") if not is_tag(tag)] == []
    assert [tag for tag in ("", "german", "zh_Hans", "d", "de-", "de DE", "x" * 30) if is_tag(tag)] == []


def test_a_sentence_is_its_english_and_remembers_its_places():
    sentence = Sentence("Go back to %(panel)s.", panel="the panel")
    assert sentence == "Go back to the panel." and sentence.text == "Go back to %(panel)s."
    assert Sentence("100% sure") == "100% sure"
