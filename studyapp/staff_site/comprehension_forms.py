"""The form of one question about the instructions, made from the design's own dataclass."""

from collections.abc import Mapping
from typing import Any, get_type_hints

from django import forms

from studyapp.domain.comprehension import ComprehensionQuestion
from studyapp.staff_site.design_forms import EntryForm, make_field
from studyapp.staff_site.design_words import find_words

ANSWER = "answer"
MOST_CHOICES = 10  # that one can choose the right one of here, unless a file has more


class QuestionForm(EntryForm):
    """The question and its choices; the right one is chosen by its number."""

    section = "comprehension"

    def __init__(self, data: Any = None, *, says: Mapping[str, Any]) -> None:
        super().__init__(data)
        for key, hint in get_type_hints(ComprehensionQuestion).items():
            self.fields[key] = (
                self._make_answer(says) if key == ANSWER else make_field("comprehension", key, hint, says.get(key))
            )
            self.fields[key].required = True

    def _make_answer(self, says: Mapping[str, Any]) -> forms.Field:
        words, choices = find_words("comprehension", ANSWER), list(says.get("choices", ()))
        numbers = range(1, max(MOST_CHOICES, len(choices)) + 1)
        return forms.TypedChoiceField(
            label=words.label,
            help_text=words.help,
            choices=[(number, str(number)) for number in numbers],
            coerce=int,
            initial=choices.index(says[ANSWER]) + 1 if choices else None,
        )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if ANSWER in said and "choices" in said and said[ANSWER] > len(said["choices"]):
            self.add_error(ANSWER, f"There are {len(said['choices'])} choices: say which of them is right.")
        return said

    def read_question(self) -> dict[str, Any]:
        """The question as a study file says it."""
        said = self.cleaned_data
        return {**said, "choices": list(said["choices"]), ANSWER: said["choices"][said[ANSWER] - 1]}
