"""What a flag of a generated text says, for staff pages."""

from django import template

from studyapp.domain.text_design import FLAG_MEANINGS

register = template.Library()


@register.filter
def flag_words(flag: str) -> str:
    return FLAG_MEANINGS.get(flag, flag)
