"""A study's own texts: Markdown, made safe by a library.

The HTML that a text may hold itself is shown as text, not taken as HTML. Of what Markdown can say, headings, emphasis,
lists, quotes and links to web and mail addresses are left; nothing that runs, styles, frames or is fetched from
elsewhere when the page is opened, pictures among it.
"""

from functools import lru_cache

import nh3
from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

register = template.Library()
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_LINE_TAGS = {"strong", "em", "a", "code", "br"}
_TAGS = {*_LINE_TAGS, "p", "ul", "ol", "li", "h2", "h3", "blockquote", "pre", "hr"}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel"}


@register.filter
@lru_cache(maxsize=256)
def markdown(text: str) -> SafeString:
    """HTML of a Markdown text, held to a few plain tags."""
    return _clean(_MARKDOWN.render(text), tags=_TAGS)


@register.filter
@lru_cache(maxsize=256)
def markdown_line(text: str) -> SafeString:
    """HTML of one line in Markdown, as it can stand in a legend or a label: no paragraph, no list."""
    return _clean(_MARKDOWN.renderInline(text.strip()), tags=_LINE_TAGS)


def _clean(html: str, *, tags: set[str]) -> SafeString:
    cleaned = nh3.clean(html, tags=tags, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer")
    return mark_safe(cleaned)  # noqa: S308 # nosec B308 B703
