"""A question of the study in the language of its page: as the study translates it, or Byline a ready-made one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext

from studyapp.domain.questions import Question
from studyapp.domain.ready_made_questions import SENTENCES
from studyapp.models import Study

SPOKEN = ("text", "help", "choices", "low_label", "high_label")


@dataclass(frozen=True)
class QuestionWords:
    """What a page says of a question, and in which language its text is."""

    language: str
    text: str
    help: str
    choices: tuple[str, ...]
    low_label: str
    high_label: str


def find_question_words(question: Question, study: Study) -> QuestionWords:
    """The words in the language in which the study is read now; what is not translated is in the study's own."""
    spoken = study.texts.language
    translation = study.translations.get(spoken)
    said = (
        next((entry for entry in translation.questions if entry.name == question.name), None) if translation else None
    )
    words: dict[str, Any] = {key: getattr(said, key, None) or _look_up(getattr(question, key)) for key in SPOKEN}
    if said is not None and said.text:
        language = spoken
    else:
        language = (get_language() or "en") if question.is_ready_made else study.language
    return QuestionWords(language=language, **{**words, "choices": tuple(words["choices"])})


def _look_up(words: str | Sequence[str]) -> str | list[str]:
    """Byline's own sentences in the language of the page; what a study says itself no catalogue is asked for."""
    if isinstance(words, str):
        return gettext(words) if words in SENTENCES else words
    return [gettext(word) if word in SENTENCES else word for word in words]
