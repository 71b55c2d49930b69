"""The field of one of the study's own questions, by its type, and what a page shows beside it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from studyapp.domain.questions import MOST_CHARACTERS, OF_TEXT, OTHER, PREFER_NOT, Question
from studyapp.participant_site.place_names import list_countries, list_languages
from studyapp.participant_site.question_words import QuestionWords

MOST_RADIOS = 12  # more choices than these are a list that opens
NOT_SAID = _("Prefer not to say")


@dataclass(frozen=True)
class AskedField:
    """A question on its page. `tick` is "prefer not to say" where it is a box of its own."""

    kind: str
    words: QuestionWords
    field: forms.BoundField
    tick: forms.BoundField | None
    is_optional: bool
    last_point: str
    not_said: str = PREFER_NOT

    @property
    def is_group(self) -> bool:
        """Several boxes under one heading, not a single field with its label."""
        return bool(self.field.use_fieldset)


class TickBoxes(forms.CheckboxSelectMultiple):
    """Boxes of which several can be ticked; `alone` are the values of those that go with no other, for alone.js."""

    def __init__(self, *, alone: frozenset[str]) -> None:
        super().__init__()
        self._alone = alone

    def create_option(self, name: str, value: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *arguments, **options)
        if str(value) in self._alone:
            option["attrs"]["data-alone"] = True
        return option


class ListSelect(forms.Select):
    """A list of hundreds of names, written at once: a template for each of them takes longer than the whole page."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = "" if value is None else str(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}',
            ((code, " selected" if code == chosen else "", label) for code, label in self.choices),
        )
        return format_html("<select{}>{}</select>", flatatt({**(attrs or {}), "name": name}), options)


def make_tick(question: Question) -> forms.Field | None:
    """The box "prefer not to say" of a question whose own field cannot have it as a choice."""
    if question.demographic and question.kind in ("choices", "number", *OF_TEXT):
        return forms.BooleanField(
            label=NOT_SAID, required=False, widget=forms.CheckboxInput(attrs={"data-alone": True})
        )
    return None


def make_field(question: Question, words: QuestionWords) -> forms.Field:
    """The field of a question. Nothing is required here: whether an answer is missing depends on the tick beside it."""
    options: dict[str, Any] = {"label": words.text, "help_text": words.help, "required": False}
    match question.kind:
        case "number":
            return forms.IntegerField(
                **options,
                min_value=question.low,
                max_value=question.high,
                widget=forms.TextInput(attrs=_describe_number(question)),
                error_messages={"invalid": _("Please give a whole number, in digits.")},
            )
        case "short_text" | "long_text":
            widget = forms.TextInput() if question.kind == "short_text" else forms.Textarea(attrs={"rows": 5})
            return forms.CharField(**options, max_length=MOST_CHARACTERS[question.kind], widget=widget)
        case "choices":
            choices = [(str(number), label) for number, label in enumerate(words.choices)]
            alone = frozenset(str(question.choices.index(choice)) for choice in question.alone)
            return forms.MultipleChoiceField(**options, choices=choices, widget=TickBoxes(alone=alone))
    choices = _list_choices(question, words)
    is_list = question.kind in ("country", "language") or len(choices) > MOST_RADIOS
    if is_list:
        choices.insert(0, ("", _("Please choose")))
    return forms.ChoiceField(**options, choices=choices, widget=ListSelect if is_list else forms.RadioSelect)


def _describe_number(question: Question) -> dict[str, str]:
    """A field of digits; its range is said by the server, and here for simulated participants."""
    ends = {"data-least": str(question.low), "data-most": str(question.high)}
    return {"inputmode": "numeric", "autocomplete": "off", "class": "number", **ends}


def _list_choices(question: Question, words: QuestionWords) -> list[tuple[str, Any]]:
    match question.kind:
        case "choice":
            choices: list[tuple[str, Any]] = [(str(number), label) for number, label in enumerate(words.choices)]
        case "country":
            choices = [*list_countries(words.language)]
        case "language":
            choices = [*list_languages(words.language), (OTHER, _("Another language"))]
        case _:
            choices = [(str(point), str(point)) for point in range(question.low, question.high + 1)]
    return [*choices, (PREFER_NOT, NOT_SAID)] if question.demographic else choices
