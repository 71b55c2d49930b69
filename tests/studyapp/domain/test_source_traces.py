import pytest

from studyapp.domain.source_traces import count_telling, find_traces


@pytest.mark.parametrize(
    ("text", "traces"),
    [
        ("The mayor said the article: a long one, was wrong. GPS units were sold.", ()),
        ("Title: A town\nSubtitle: wakes", ("a prompt's label",)),
        ("It rained.\n\nArticle: It rained again.", ("a prompt's label",)),
        ("As an AI language model, I cannot say.", ("“As an AI”",)),
        ("It is run by OpenAI, which made GPT-4.", ("a model's name",)),
        ("Sure! Here is the article.", ("an answer's opening",)),
        ("It rained.<|endoftext|>", ("a tokenizer's mark",)),
        ("It is **very** wet.", ("markup",)),
        ("LONDON (Reuters) - It rained.", ("an agency's line",)),
        ("By Jane Doe\n\nIt rained.", ("an author's line",)),
        ("By the river, it rained.", ()),
        ("It rained.\n\nPhoto: somebody", ("a caption or credit",)),
        ("See https://example.org for more.", ("a link",)),
        ("It rained. Click here for more.", ("a page's furniture",)),
        ("He lives in a llama house with 2 llamas.", ()),
    ],
)
def test_marks_are_found_and_ordinary_news_carries_none(text, traces):
    assert find_traces(text) == traces


def test_a_mark_that_both_versions_carry_tells_nothing():
    about_a_model = "OpenAI said so."
    assert count_telling([about_a_model, about_a_model], [about_a_model, "Nothing."]) == {"a model's name": 1}
