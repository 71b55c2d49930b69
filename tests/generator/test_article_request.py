import pytest

from generator.article_request import ArticleRequest, Sampling, SamplingError


def test_settings_from_a_row():
    assert Sampling.from_mapping({}) == Sampling()
    assert Sampling.from_mapping({"top_k": 40.0, "temperature": 1, "max_tokens": None}) == Sampling(1, top_k=40)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"heat": 2}, "sampling has no heat; choose from temperature, top_p, top_k, repetition_penalty, length_ratio"),
        ({"temperature": 0}, "temperature must be a number from 0.01 to 10"),
        ({"top_p": 1.1}, "top_p must be"),
        ({"top_p": True}, "top_p must be"),
        ({"top_k": 2.5}, "top_k must be a whole number"),
        ({"max_tokens": 0}, "max_tokens must be a whole number of at least 1"),
        ({"length_ratio": "1"}, "length_ratio must be"),
        ({"repetition_penalty": 0.5}, "repetition_penalty must be a number from 1 to 5"),
        ({"stop": "END"}, "stop must be a list of texts"),
        ({"stop": ["a", ""]}, "stop must be a list of texts"),
        ({"stop": list("abcde")}, "stop can have 4 marks, not 5"),
    ],
)
def test_faulty_settings_are_named(settings, message):
    with pytest.raises(SamplingError, match=message):
        Sampling.from_mapping(settings)


def test_a_target_is_needed():
    with pytest.raises(ValueError, match="target_words"):
        ArticleRequest("T", "", (), True, 0, Sampling())
