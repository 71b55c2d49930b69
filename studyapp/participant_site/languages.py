"""The language of a rater's page: that of the study, or the one of several in which a participant reads it."""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation.trans_real import parse_accept_lang_header

from studyapp.domain.languages import choose_language, is_same
from studyapp.domain.sentences import Sentence
from studyapp.models import Study
from studyapp.spoken import find_catalogue


class KeepLanguage:
    """Middleware: what a page was said in does not last beyond it, so that the staff side stays English."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override("en"):
            return self._get_response(request)


def speak(study: Study, language: str) -> None:
    """Say what follows of this request in a language: the study's texts, and the fixed sentences where we have them."""
    study.read_in(language)
    translation.activate(find_catalogue(language))


def guess_language(request: HttpRequest, study: Study) -> str:
    """The language that the browser asks for, among those of the study."""
    header = request.headers.get("Accept-Language", "")[:500]
    accepted = [code for code, _weight in parse_accept_lang_header(header.lower())]
    return choose_language(accepted, offered=study.languages)


def read_choice(posted: Mapping[str, str], study: Study, *, key: str = "language") -> str:
    """The language of the study that a form names; empty where it names none of them."""
    said = posted.get(key, "")
    return next((language for language in study.languages if is_same(language, said)), "")


def say(sentence: str) -> str:
    """A fixed sentence of pure code in the language of the page; any other text as it is."""
    if not isinstance(sentence, Sentence):
        return sentence
    values = {name: say(value) if isinstance(value, str) else value for name, value in sentence.values.items()}
    said = gettext(sentence.text)
    return said % values if values else said


def say_error(error: Exception) -> str:
    """What an error tells a visitor, in the language of the page."""
    return say(error.args[0]) if error.args else ""
