"""The form of one arm, made from the design's own dataclass; its sampling has a field for each setting."""

import types
from typing import Any

from django import forms

from studyapp.domain.study_design import DesignError
from studyapp.domain.study_sections import Fault
from studyapp.domain.text_design import SAMPLING_RANGES, STOP_MARKS
from studyapp.staff_site.arm_rows import read_n_params
from studyapp.staff_site.design_forms import LinesField, list_arm_hints, make_field
from studyapp.staff_site.design_words import SAMPLING

NUMBERS = "n_params"
_WHOLE = ("top_k", "max_tokens")


class ArmForm(forms.Form):
    """Every key of an arm. `says` is the arm as the design describes it, empty for a new one."""

    def __init__(self, data: Any = None, *, says: dict[str, Any]) -> None:
        super().__init__(data)
        for key, hint in list_arm_hints().items():
            if key == "sampling":
                continue
            field = make_field("arms", key, hint, says.get(key, key == "conditioned" if hint is bool else None))
            self.fields[key] = self._as_people_write(key, field)
        self.fields["name"].required = True
        sampling = says.get("sampling", {})
        for name in SAMPLING_RANGES:
            low, high = SAMPLING_RANGES[name]
            kind = forms.IntegerField if name in _WHOLE else forms.FloatField
            words = SAMPLING.get(name)
            self.fields[f"sampling-{name}"] = kind(
                label=words.label if words else name,
                help_text=words.help if words else "",
                required=False,
                min_value=low,
                max_value=high,
                initial=sampling.get(name),
            )
        words = SAMPLING[STOP_MARKS]
        self.fields[f"sampling-{STOP_MARKS}"] = LinesField(
            label=words.label, help_text=words.help, required=False, initial=sampling.get(STOP_MARKS)
        )

    @staticmethod
    def _as_people_write(key: str, field: forms.Field) -> forms.Field:
        """A number of parameters may be written as 7B."""
        if key != NUMBERS:
            return field
        return forms.CharField(label=field.label, help_text=field.help_text, required=False, initial=field.initial)

    def clean_n_params(self) -> int | None:
        try:
            return read_n_params(self.cleaned_data[NUMBERS], label="This arm")
        except DesignError as error:
            raise forms.ValidationError(error.faults) from None

    def read_arm(self) -> dict[str, Any]:
        """The arm as a study file says it; settings of sampling that are empty are left out."""
        said = self.cleaned_data
        hints = list_arm_hints()
        arm = {key: said[key] for key in hints if key != "sampling"}
        arm |= {key: None for key in arm if isinstance(hints[key], types.UnionType) and said[key] == ""}
        sampling: dict[str, Any] = {}
        for name in (*SAMPLING_RANGES, STOP_MARKS):
            value = said[f"sampling-{name}"]
            if value not in (None, "", ()):
                sampling[name] = list(value) if isinstance(value, tuple) else value
        return {**arm, "sampling": sampling}

    def add_faults(self, error: DesignError) -> None:
        """Write what cannot be at the field that says it."""
        for fault in error.faults:
            inner = fault.place[2:] if isinstance(fault, Fault) and fault.place[:1] == ("arms",) else ()
            name = "-".join(map(str, inner))
            if name == "name" and fault.reason.startswith("each needs a name"):
                self.add_error("name", "Another arm has this name; each needs one of its own.")
            elif name in self.fields:
                self.add_error(name, fault.reason)
            else:
                self.add_error(None, fault)
