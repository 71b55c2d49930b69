"""A study's own texts: Markdown, made safe by a library."""

from functools import lru_cache

import nh3
from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

register = template.Library()
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_TAGS = {"p", "strong", "em", "ul", "ol", "li", "a", "h2", "h3", "blockquote", "code", "br", "hr"}


@register.filter
@lru_cache(maxsize=256)
def markdown(text: str) -> SafeString:
    """HTML of a Markdown text, held to a few plain tags."""
    return mark_safe(nh3.clean(_MARKDOWN.render(text), tags=_TAGS))  # noqa: S308  (cleaned)
