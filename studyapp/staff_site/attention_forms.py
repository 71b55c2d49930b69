"""The form of one attention check, made from the design's own dataclass."""

from collections.abc import Mapping
from typing import Any, get_type_hints

from django import forms

from studyapp.domain.attention import AttentionQuestion
from studyapp.domain.judgment import LABELS
from studyapp.staff_site.design_forms import EntryForm, make_field
from studyapp.staff_site.design_words import find_words

ANSWER = "answer"
MOST_ANSWERS = 10  # that one can choose the right one of here
NEW = {"kind": "instructed"}


class CheckForm(EntryForm):
    """Every key of a check; the right answer is chosen by its number."""

    section = "attention"

    def __init__(self, data: Any = None, *, says: Mapping[str, Any]) -> None:
        super().__init__(data)
        self._was = says.get(ANSWER)
        for key, hint in get_type_hints(AttentionQuestion).items():
            self.fields[key] = (
                self._make_answer(says) if key == ANSWER else make_field("attention", key, hint, (says or NEW).get(key))
            )
        self.fields["text"].required = True

    def _make_answer(self, says: Mapping[str, Any]) -> forms.Field:
        words = find_words("attention", ANSWER)
        numbers = [(int(judgment), f"{int(judgment)}: {label}") for judgment, label in LABELS.items()]
        numbers += [(number, f"{number}") for number in range(len(LABELS) + 1, MOST_ANSWERS + 1)]
        return forms.TypedChoiceField(
            label=words.label,
            help_text=words.help,
            choices=numbers,
            coerce=int,
            initial=AttentionQuestion(**{**says, "choices": tuple(says["choices"])}).right if says else None,
        )

    def read_check(self) -> dict[str, Any]:
        """The check as a study file says it: one of its own choices in their words, unless the file has numbers."""
        said = {key: list(value) if isinstance(value, tuple) else value for key, value in self.cleaned_data.items()}
        choices, number = said["choices"], said[ANSWER]
        if number <= len(choices) and not isinstance(self._was, int):
            said[ANSWER] = choices[number - 1]
        return said
