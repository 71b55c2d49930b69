"""Ready-made questions: who somebody is, how they follow the news, and what they know of language models.

A study file takes one with `use = "age_band"`. Their words are fixed sentences, so catalogues translate them; the
answers that are stored are these English ones in every language.
"""

from typing import Any

from studyapp.domain.sentences import Sentence

_OFTEN = [
    Sentence("Several times a day"),
    Sentence("About once a day"),
    Sentence("A few times a week"),
    Sentence("About once a week"),
    Sentence("Less often"),
    Sentence("Never"),
]

READY_MADE: dict[str, dict[str, Any]] = {
    "age_band": {
        "text": Sentence("How old are you?"),
        "choices": ["18–24", "25–34", "35–44", "45–54", "55–64", "65–74", Sentence("75 or older")],
        "ordered": True,
        "demographic": True,
    },
    "gender": {
        "text": Sentence("What is your gender?"),
        "choices": [Sentence("Woman"), Sentence("Man"), Sentence("Non-binary"), Sentence("Another gender")],
        "demographic": True,
    },
    "education": {
        "text": Sentence("What is the highest level of education that you have completed?"),
        "choices": [
            Sentence("No school leaving certificate"),
            Sentence("School, up to about 16 years of age"),
            Sentence("School, up to about 18 years of age, or vocational training"),
            Sentence("Bachelor’s degree or similar"),
            Sentence("Master’s degree or similar"),
            Sentence("Doctorate"),
        ],
        "ordered": True,
        "demographic": True,
    },
    "country": {
        "text": Sentence("In which country do you live?"),
        "type": "country",
        "demographic": True,
    },
    "native_language": {
        "text": Sentence("What is your native language?"),
        "help": Sentence("If you grew up with several, choose the one that you read most."),
        "type": "language",
        "demographic": True,
    },
    "news_frequency": {
        "text": Sentence("How often do you read, watch or listen to the news?"),
        "choices": _OFTEN,
        "ordered": True,
        "demographic": True,
    },
    "news_sources": {
        "text": Sentence("Where do you get your news?"),
        "help": Sentence("Choose all that you use in an ordinary week."),
        "type": "choices",
        "choices": [
            Sentence("Printed newspapers or magazines"),
            Sentence("Websites or apps of newspapers or broadcasters"),
            Sentence("Television"),
            Sentence("Radio or podcasts"),
            Sentence("Social media or video platforms"),
            Sentence("Chat programs such as ChatGPT"),
            Sentence("From other people"),
            Sentence("None of these"),
        ],
        "alone": ["None of these"],
        "demographic": True,
    },
    "llm_familiarity": {
        "text": Sentence("How familiar are you with computer programs that write text, such as ChatGPT?"),
        "type": "scale",
        "least": 1,
        "most": 5,
        "low_label": Sentence("Not at all familiar"),
        "high_label": Sentence("Very familiar"),
        "demographic": True,
    },
    "llm_use": {
        "text": Sentence("How often do you use such programs yourself?"),
        "help": Sentence("Programs that write text, such as ChatGPT, Claude or Gemini."),
        "choices": _OFTEN,
        "ordered": True,
        "demographic": True,
    },
}


def _list_sentences() -> frozenset[str]:
    entries = READY_MADE.values()
    single = {entry[key] for entry in entries for key in ("text", "help", "low_label", "high_label") if key in entry}
    return frozenset(single | {choice for entry in entries for choice in entry.get("choices", ())})


SENTENCES = _list_sentences()  # what the catalogues translate
