"""Forms made from the design's own dataclasses: a key that the design has gets a field by its type, without a list.

What a form says is checked by the same code as a study file, and what is wrong is shown at its field.
"""

import tomllib
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import tomlkit
from django import forms

from studyapp.domain.attention import KINDS
from studyapp.domain.context_choice import CONTEXT_CHOICES, CONTEXT_ORDERS
from studyapp.domain.design_changes import DesignChange
from studyapp.domain.exclusion import RULES
from studyapp.domain.normalisation import RULES as NORMALISATION_RULES
from studyapp.domain.questions import TYPES
from studyapp.domain.study_design import (
    LISTS,
    PLATFORMS,
    PRESENTATIONS,
    DesignError,
    StudyDesign,
    describe_design,
)
from studyapp.domain.study_sections import Fault
from studyapp.domain.text_design import FITNESS_FLAGS, ArmDesign
from studyapp.staff_site.design_words import (
    LEGAL_BASES,
    describe_flag,
    describe_normalisation,
    describe_rule,
    describe_type,
    find_words,
)

CHOICES: dict[str, Callable[[], list[tuple[str, str]]]] = {
    "data_protection.legal_basis": lambda: list(LEGAL_BASES.items()),
    "recruitment.platform": lambda: [(name, name) for name in PLATFORMS],
    "checks.presentation": lambda: list(zip(PRESENTATIONS, ("one text", "two texts side by side"), strict=True)),
    "questions.type": lambda: [(name, describe_type(name)) for name in TYPES],
    "questions.when": lambda: [("before", "before the first article"), ("after", "after the last article")],
    "attention.kind": lambda: list(
        zip(KINDS, ("it says which answer to choose", "it states what nobody can mean"), strict=True)
    ),
    "checks.exclusion_rules": lambda: [(name, describe_rule(name)) for name in RULES],
    "fitness.disqualifying": lambda: [(name, describe_flag(name)) for name in FITNESS_FLAGS],
    "arms.context_choice": lambda: [("", "as usual: the last ones"), *CONTEXT_CHOICES.items()],
    "arms.context_order": lambda: [("", "as usual: as listed"), *CONTEXT_ORDERS.items()],
    "normalisation.rules": lambda: [(name, describe_normalisation(name)) for name in NORMALISATION_RULES],
}
LONG = (
    "arms.instruction",
    "data_protection.controller",
    "data_protection.purpose",
    "data_protection.authority",
)  # of several lines
MARKDOWN = ("texts.consent", "texts.instructions", "texts.question", "texts.debriefing")


class LinesField(forms.CharField):
    """Several texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> tuple[str, ...]:
        return tuple(line.strip() for line in str(super().clean(value)).splitlines() if line.strip())


class ManyField(forms.MultipleChoiceField):
    """Some of several; what was chosen before keeps its order."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> tuple[str, ...]:
        chosen = super().clean(value)
        before = [name for name in self.initial or () if name in chosen]
        return (*before, *(name for name in chosen if name not in before))


class TextField(forms.CharField):
    """A long text, kept to the letter but for the line ends that browsers send."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)

    def clean(self, value: Any) -> str:
        return str(super().clean(value)).replace("\r\n", "\n")


class TomlField(forms.CharField):
    """What no other field can hold, as a study file writes it."""

    widget = forms.Textarea(attrs={"rows": 6, "class": "staff-code", "spellcheck": "false"})

    def __init__(self, *, key: str, **options: Any) -> None:
        super().__init__(**options)
        self.key = key

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else tomlkit.dumps({self.key: value}) if value else ""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text.strip():
            return None
        try:
            said = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # no TOML, or too deep, or a number of thousands of digits
            raise forms.ValidationError(f"This is no TOML: {error}.") from None
        if set(said) != {self.key}:
            raise forms.ValidationError(f"Write it as in a study file: {self.key} = …, and nothing else.")
        return said[self.key]


class SectionsForm(forms.Form):
    """Sections of a design. A field is named section-key; `skips` names keys that other pages set."""

    def __init__(
        self, data: Any = None, *, design: StudyDesign, sections: Sequence[str], skips: Sequence[str] = ()
    ) -> None:
        super().__init__(data)
        self.sections = tuple(sections)
        described = describe_design(design)
        kinds = get_type_hints(StudyDesign)
        self._may_be_missing: set[str] = set()
        for section in self.sections:
            if section in LISTS:
                self.fields[f"{section}-{section}"] = make_list_field(section, described[section])
                continue
            for key, hint in get_type_hints(kinds[section]).items():
                if f"{section}.{key}" in skips:
                    continue
                name = f"{section}-{key}"
                self.fields[name] = make_field(section, key, hint, described[section].get(key))
                if isinstance(hint, types.UnionType):
                    self._may_be_missing.add(name)

    def list_fieldsets(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields of each section, in the order of the sections."""
        groups = [(s, [self[name] for name in self.fields if name.startswith(f"{s}-")]) for s in self.sections]
        return [(section, fields) for section, fields in groups if fields]

    def freeze(self, is_frozen: bool) -> None:
        """Show the fields for reading only, where the design is frozen."""
        for field in self.fields.values():
            field.disabled = is_frozen

    def read_change(self) -> DesignChange:
        """What the form says, as a change of the design."""
        said: dict[str, dict[str, Any]] = {section: {} for section in self.sections}
        lists: dict[str, list[Any]] = {}
        for name, value in self.cleaned_data.items():
            section, _, key = name.partition("-")
            if section in LISTS:
                lists[section] = value or []
                continue
            is_missing = name in self._may_be_missing and value in ("", (), None)
            said[section][key] = None if is_missing else list(value) if isinstance(value, tuple) else value
        return DesignChange(sections={section: values for section, values in said.items() if values}, lists=lists)

    def add_faults(self, error: DesignError) -> None:
        """Write what cannot be at the field that says it."""
        for fault in error.faults:
            name = self._find_field(fault)
            is_whole = name is None or name.partition("-")[0] in LISTS  # of a list, the entry must be told too
            self.add_error(name, fault if is_whole or not isinstance(fault, Fault) else fault.reason)

    def _find_field(self, fault: str) -> str | None:
        """The field that says what is wrong; None where it is none of this form's."""
        place = fault.place if isinstance(fault, Fault) else ()
        if not place:
            return None
        name = f"{place[0]}-{place[0] if place[0] in LISTS else place[1] if len(place) > 1 else ''}"
        return name if name in self.fields else None


class EntryForm(forms.Form):
    """One entry of a list of the design, such as an attention check; what is wrong is shown at its field."""

    section = ""

    def add_faults(self, error: DesignError, *, place: int) -> None:
        """Write what cannot be at the field that says it; `place` is the entry's in its list."""
        for fault in error.faults:
            own = isinstance(fault, Fault) and fault.place[:2] == (self.section, place)
            name = str(fault.place[2]) if own and isinstance(fault, Fault) and len(fault.place) > 2 else ""
            if name in self.fields and isinstance(fault, Fault):
                self.add_error(name, fault.reason)
            else:
                self.add_error(None, fault)


def list_sections(*, without: Sequence[str] = ()) -> list[str]:
    """The sections that a design has but its arms, in the order of a study file."""
    return [name for name in get_type_hints(StudyDesign) if name != "arms" and name not in without]


def make_list_field(section: str, entries: list[dict[str, Any]]) -> forms.Field:
    """The field of a study file's [[section]], as the file writes it."""
    words = find_words(section, section)
    return TomlField(key=section, label=words.label, help_text=words.help, required=False, initial=entries)


def make_field(section: str, key: str, hint: Any, value: Any) -> forms.Field:
    """The field of a key by its type, with what the design says now."""
    words = find_words(section, key)
    options: dict[str, Any] = {"label": words.label, "help_text": words.help, "required": False, "initial": value}
    optional = isinstance(hint, types.UnionType)
    plain = next(part for part in get_args(hint) if part is not type(None)) if optional else hint
    if f"{section}.{key}" in CHOICES or get_origin(plain) is Literal:
        return _make_choice(section, key, plain, options)
    if plain is bool:
        return forms.BooleanField(**options)
    if plain in (int, float):
        kind = forms.IntegerField if plain is int else forms.FloatField
        return kind(**{**options, "required": not optional})
    if plain is str:
        return _make_text(section, key, options)
    if get_origin(plain) is tuple and get_args(plain)[0] is str:
        return LinesField(**options)
    return TomlField(key=key, **options)


def _make_choice(section: str, key: str, hint: Any, options: dict[str, Any]) -> forms.Field:
    listed = CHOICES.get(f"{section}.{key}")
    choices = listed() if listed else [(name, str(name).replace("_", " ")) for name in get_args(hint)]
    if get_origin(hint) is tuple:
        return ManyField(choices=choices, **options)
    return forms.ChoiceField(choices=choices, **{**options, "required": all(name for name, _ in choices)})


def _make_text(section: str, key: str, options: dict[str, Any]) -> forms.Field:
    """One line, or several where the text has them by now or is one that people write at length."""
    if f"{section}.{key}" in MARKDOWN or section == "texts":
        rows = 3 if key == "question" else 14
        return TextField(**options, widget=forms.Textarea(attrs={"rows": rows, "data-markdown": key}))
    if f"{section}.{key}" in LONG:
        return TextField(**options, widget=forms.Textarea(attrs={"rows": 3}))
    if key.endswith(("question", "text", "instructions")) or "\n" in (options["initial"] or ""):
        return TextField(**options, widget=forms.Textarea(attrs={"rows": 4}))
    return forms.CharField(**options)


def list_arm_hints() -> Mapping[str, Any]:
    """The keys of an arm with their types."""
    return get_type_hints(ArmDesign)
