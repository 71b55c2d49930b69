"""The form of one of a study's own questions, made from the design's own dataclass."""

from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from django import forms

from studyapp.domain.questions import Question
from studyapp.domain.study_design import DesignError
from studyapp.domain.study_sections import Fault
from studyapp.staff_site.design_forms import LinesField, make_field

CONDITION = "show_if"
NEW = {"type": "choice", "required": True, "when": "after"}


class QuestionForm(forms.Form):
    """Every key of a question. `says` is it as the design describes it, `others` are those that it may depend on."""

    def __init__(self, data: Any = None, *, says: Mapping[str, Any], others: Sequence[str]) -> None:
        says = says or NEW
        super().__init__(data)
        for key, hint in get_type_hints(Question).items():
            if key == CONDITION:
                self._add_condition(says.get(CONDITION, {}), others=others)
            else:
                self.fields[key] = make_field("questions", key, hint, says.get(key))
        for key in ("name", "text"):
            self.fields[key].required = True

    def _add_condition(self, said: Mapping[str, Any], *, others: Sequence[str]) -> None:
        self.fields["show_if-question"] = forms.ChoiceField(
            label="Only asked of some",
            choices=[("", "asked of everybody"), *((name, f"{name} was answered with") for name in others)],
            required=False,
            initial=said.get("question", ""),
        )
        self.fields["show_if-is"] = LinesField(
            label="With one of these answers",
            help_text="One a line, as the choices of that question stand there; numbers of a scale, codes of countries "
            "and languages, or prefer_not_to_say.",
            required=False,
            initial=[str(value) for value in said.get("is", ())],
        )

    def read_question(self) -> dict[str, Any]:
        """The question as a study file says it; what is empty is left out."""
        said = {key: self.cleaned_data[key] for key in get_type_hints(Question) if key != CONDITION}
        asked, values = self.cleaned_data["show_if-question"], self.cleaned_data["show_if-is"]
        if asked or values:
            said[CONDITION] = {"question": asked, "is": list(values)}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in said.items() if v is not None}

    def add_faults(self, error: DesignError, *, place: int) -> None:
        """Write what cannot be at the field that says it; `place` is the question's in its list."""
        for fault in error.faults:
            inner = fault.place[2:] if isinstance(fault, Fault) and fault.place[:2] == ("questions", place) else ()
            name = {(CONDITION,): "show_if-question", (CONDITION, "is"): "show_if-is"}.get(inner, "".join(inner[:1]))
            if name in self.fields and isinstance(fault, Fault):
                self.add_error(name, fault.reason)
            else:
                self.add_error(None, fault)
