"""Languages on a rater's page: a text in another one than the page's says so, for screen readers and its direction."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from studyapp.domain.languages import find_base, find_direction
from studyapp.models import Study
from studyapp.participant_site.languages import say
from studyapp.spoken import name_language

register = template.Library()


@register.filter
def said(sentence: str) -> str:
    """A fixed sentence of pure code, in the language of the page."""
    return say(sentence)


@register.simple_tag
def page_language(study: Study | str = "") -> SafeString:
    """The page's own attributes: the language of its fixed sentences, and the direction of the study's texts."""
    code = get_language() or "en"
    language = study.texts.language if isinstance(study, Study) else code
    return format_html(' lang="{}" dir="{}"', code, find_direction(language))


@register.simple_tag
def in_language(language: str) -> SafeString:
    """The attributes of a text in that language; none where the page's fixed sentences are in it."""
    if not language or find_base(language) == find_base(get_language() or "en"):
        return SafeString("")
    return format_html(' lang="{}" dir="{}"', language, find_direction(language))


@register.simple_tag
def text_language(study: Study, key: str) -> SafeString:
    """The attributes of one of the study's texts: what is not translated is in the study's own language."""
    return in_language(study.texts.find_language(key))


@register.simple_tag
def question_language(study: Study, number: int) -> SafeString:
    """The attributes of a question about the instructions."""
    return in_language(study.texts.find_language(f"comprehension.{number}"))


@register.filter
def own_name(language: str) -> str:
    """A language by its own name, as Deutsch."""
    return name_language(language)
