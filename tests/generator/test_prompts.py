import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.prompts import (
    PromptTooLongError,
    Story,
    build_prompt,
    build_unconditional_prompt,
    fit_prompt,
    render_story,
)

OLD = Story("Old", "First of all", "One two.\n\n\n Three.")
NEW = Story("New", "", "Four five six.")


def count_words(text: str) -> int:
    return len(text.split())


def test_a_story_is_rendered_in_its_frame():
    assert render_story(OLD) == "Title: Old\nSubtitle: First of all\nArticle: One two.\n\nThree."
    assert render_story(NEW) == "Title: New\nArticle: Four five six."


def test_a_prompt_ends_where_the_article_begins():
    prompt = build_prompt(context=[OLD, NEW], title="Next\none", subtitle="Sub")
    assert prompt == f"{render_story(OLD)}\n\n{render_story(NEW)}\n\nTitle: Next one\nSubtitle: Sub\nArticle:"


def test_a_training_document_continues_the_prompt():
    assert render_story(NEW).startswith(build_prompt(context=(), title="New", subtitle="") + " ")


def test_the_control_sees_nothing():
    assert build_unconditional_prompt() == "Article:"


@given(limit=st.integers(2, 40), n_stories=st.integers(0, 5))
def test_the_oldest_stories_go_first(limit, n_stories):
    stories = [Story(f"Story {number}", "", "word " * (number + 1)) for number in range(n_stories)]
    fitted = fit_prompt(context=stories, title="T", subtitle="", count_tokens=count_words, limit=max(limit, 3))
    assert fitted.text == build_prompt(context=stories[n_stories - fitted.n_stories :], title="T", subtitle="")
    assert fitted.n_tokens == count_words(fitted.text) <= max(limit, 3)
    if fitted.n_stories < n_stories:
        one_more = build_prompt(context=stories[n_stories - fitted.n_stories - 1 :], title="T", subtitle="")
        assert count_words(one_more) > max(limit, 3)


def test_an_instruction_stands_before_all_else_and_is_never_dropped():
    asked = build_prompt(context=[OLD], title="T", subtitle="", instruction=" Write. ")
    assert asked == f"Write.\n\n{render_story(OLD)}\n\nTitle: T\nArticle:"
    fitted = fit_prompt(context=[OLD], title="T", subtitle="", count_tokens=count_words, limit=4, instruction="Write.")
    assert (fitted.text, fitted.n_stories) == ("Write.\n\nTitle: T\nArticle:", 0)


def test_a_frame_that_does_not_fit_is_an_error():
    with pytest.raises(PromptTooLongError, match="take 4 tokens; the model has room for 3"):
        fit_prompt(context=[OLD], title="A b", subtitle="", count_tokens=count_words, limit=3)
