"""A study's texts in further languages: a page for each, beside that of its own."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.study import describe_study
from studyapp.domain.design_changes import DesignChange
from studyapp.domain.languages import find_direction, is_same, is_tag
from studyapp.domain.questions import Question
from studyapp.domain.study_design import DesignError, StudyDesign, describe_design
from studyapp.domain.study_sections import describe_section
from studyapp.domain.study_texts import SPOKEN_KEYS, TranslatedOwnQuestion, describe_texts, list_missing
from studyapp.models import Study
from studyapp.preset_texts import list_text_languages, offer_translation
from studyapp.spoken import has_catalogue, name_language
from studyapp.staff_site.design_forms import MARKDOWN, LinesField, TextField
from studyapp.staff_site.design_words import find_words
from studyapp.staff_site.drafts import try_change
from studyapp.staff_site.pages import show, study_page
from studyapp.study_file import StudyFileError, read_preset

SECTIONS = {"title": "study", "reward": "recruitment", "internet_check_question": "checks"}  # else: texts
NOT_SAID = frozenset({"reward", "internet_check_question"})  # asked for only where the study itself says them
ASKED = {  # what is asked in a list: the key of its text, and what the page calls it
    "comprehension": ("question", "Question about the instructions"),
    "attention": ("text", "Attention check"),
}


class LanguageForm(forms.Form):
    """A study's texts in one further language, each beside what the study's own says."""

    def __init__(self, data: Any = None, *, design: StudyDesign, language: str, rows: dict[str, int]) -> None:
        super().__init__(data)
        said = design.texts.languages[language]
        own = describe_own(design)
        self.originals: dict[str, str] = {}
        for key in SPOKEN_KEYS:
            if key in NOT_SAID and not own[key] and not getattr(said, key):
                continue
            self._add_text(key, label=_label(key), original=own[key], initial=getattr(said, key), rows=rows.get(key, 1))
        if "internet_check_question" in self.fields:
            self.fields["internet_check_solutions"] = LinesField(
                label="Right answers in this language",
                help_text="One a line; those of the study's own language are right too.",
                required=False,
                initial=said.internet_check_solutions,
            )
        for kind, (text_key, label) in ASKED.items():
            there = getattr(said, kind)
            for number, asked in enumerate(getattr(design, kind)):
                entry = there[number] if number < len(there) else None
                self._add_asked(
                    f"{kind}-{number}",
                    label=f"{label} {number + 1}",
                    original=(getattr(asked, text_key), asked.choices),
                    initial=(getattr(entry, text_key), entry.choices) if entry else ("", ()),
                )

        translated = {entry.name: entry for entry in said.questions}
        for question in design.questions:
            if not question.is_ready_made:
                self._add_question(question, translated.pop(question.name, None))
        self._kept = [describe_section(entry) for entry in translated.values()]  # of ready-made ones, by a study file

    def _add_question(self, question: Question, said: TranslatedOwnQuestion | None) -> None:
        """One of the study's own questions: all of its texts that there are. The ready-made ones come with Byline."""
        for key in ("text", "help", "low_label", "high_label"):
            if getattr(question, key):
                name = f"questions-{question.name}-{key}"
                label = f"Question {question.name}" + ("" if key == "text" else f": {key.replace('_', ' ')}")
                original, initial = getattr(question, key), getattr(said, key, "")
                self._add_text(name, label=label, original=original, initial=initial, rows=2 if key == "text" else 1)
        if question.choices:
            name = f"questions-{question.name}-choices"
            self.fields[name] = LinesField(
                label=f"Its {len(question.choices)} choices, one a line, in the same order",
                required=False,
                initial=getattr(said, "choices", ()),
            )
            self.originals[name] = "\n".join(question.choices)

    def _add_asked(
        self, name: str, *, label: str, original: tuple[str, Sequence[str]], initial: tuple[str, Sequence[str]]
    ) -> None:
        self._add_text(name, label=label, original=original[0], initial=initial[0], rows=2)
        if original[1]:
            self.fields[f"{name}-choices"] = LinesField(
                label=f"Its {len(original[1])} choices, one a line, in the same order",
                required=False,
                initial=initial[1],
            )
            self.originals[f"{name}-choices"] = "\n".join(original[1])

    def _add_text(self, name: str, *, label: str, original: str, initial: str, rows: int) -> None:
        options: dict[str, Any] = {"label": label, "required": False, "initial": initial}
        widget = forms.Textarea(attrs={"rows": rows}) if rows > 1 else None
        self.fields[name] = TextField(**options, widget=widget) if widget else forms.CharField(**options)
        self.originals[name] = original

    def list_rows(self) -> Iterator[dict[str, Any]]:
        """Each field with the text that it translates."""
        for name in self.fields:
            is_markdown = f"texts.{name}" in MARKDOWN
            yield {"field": self[name], "original": self.originals.get(name, ""), "is_markdown": is_markdown}

    def read_translation(self) -> dict[str, Any]:
        """What the form says, as `[texts.LANGUAGE]`."""
        said = {key: list(value) if isinstance(value, tuple) else value for key, value in self.cleaned_data.items()}
        for kind, (text_key, _) in ASKED.items():
            entries = []
            while f"{kind}-{len(entries)}" in said:
                name = f"{kind}-{len(entries)}"
                entries.append({text_key: said.pop(name), "choices": said.pop(f"{name}-choices", [])})
            while entries and not any(entries[-1].values()):
                entries.pop()
            said[kind] = entries
        said["questions"] = self._read_questions(said)
        return said

    def _read_questions(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        """The study's own questions, taken out of what the form says; those of which nothing is said are left out."""
        found: dict[str, dict[str, Any]] = {}
        for field in [name for name in said if name.startswith("questions-")]:
            _, name, key = field.split("-")
            found.setdefault(name, {"name": name})[key] = said.pop(field)
        return [*self._kept, *(e for e in found.values() if any(e[key] for key in e if key != "name"))]


def describe_own(design: StudyDesign) -> dict[str, str]:
    """What the study's own language says under each key that a further one can say."""
    return {key: str(getattr(getattr(design, SECTIONS.get(key, "texts")), key)) for key in SPOKEN_KEYS}


@study_page
def edit_language(request: HttpRequest, study: Study, language: str) -> HttpResponse:
    """The texts in one further language: saved, or taken out."""
    design = describe_study(study)
    if language not in design.texts.languages:
        raise Http404("the study has no texts in this language")
    rows = {"consent": 14, "instructions": 10, "question": 2, "debriefing": 10, "internet_check_question": 3}
    form = LanguageForm(request.POST if request.method == "POST" else None, design=design, language=language, rows=rows)
    if request.method == "POST" and request.POST.get("do") == "remove":
        try_change(request, study, DesignChange(sections={"texts": {language: None}}))
        return redirect("staff:study_texts", study.slug)
    if request.method == "POST" and form.is_valid() and request.POST.get("do") != "preview":
        try:
            said = {**describe_texts(design.texts)[language], **form.read_translation()}
            if try_change(request, study, DesignChange(sections={"texts": {language: said}})):
                return redirect("staff:study_language", study.slug, language)
        except DesignError as error:
            for fault in error.faults:
                form.add_error(None, fault)
    if not study.is_draft:
        for field in form.fields.values():
            field.disabled = True
    study.read_in(language)
    return show(
        request,
        "study_language.html",
        title=study.title,
        study=study,
        form=form,
        language=language,
        direction=find_direction(language),
        own_direction=find_direction(study.language),
        missing=list_missing(study.texts),
        has_catalogue=has_catalogue(language),
        **describe_languages(study, here=language),
    )


@study_page
def add_language(request: HttpRequest, study: Study) -> HttpResponse:
    """A further language, with what the preset says in it, as far as the study says what the preset says."""
    tag = request.POST.get("language", "").strip()
    design = describe_study(study)
    if request.method != "POST" or any(is_same(tag, there) for there in study.languages):
        there = next((known for known in design.texts.languages if is_same(tag, known)), "")
        return redirect("staff:study_language", study.slug, there) if there else _back(study)
    try:
        if try_change(request, study, DesignChange(sections={"texts": {tag: offer_texts(design, tag)}})):
            return redirect("staff:study_language", study.slug, tag)
    except DesignError as error:
        return show(
            request,
            "study_language_refused.html",
            title=study.title,
            study=study,
            said=tag,
            faults=[] if not is_tag(tag) else error.faults,
            **describe_languages(study, here=""),
        )
    return _back(study)


def offer_texts(design: StudyDesign, language: str) -> dict[str, Any]:
    """The preset's texts in a language, of what the study says in its own as the preset does."""
    described = describe_design(design)
    try:
        preset = read_preset(design.study.preset, language=design.study.language)
    except StudyFileError:  # a preset that a later version does not have
        return {}
    own: dict[str, Any] = {
        name: {key: value for key, value in described[name].items() if value != preset.get(name, {}).get(key)}
        for name in ("texts", "checks")
    }
    if described["comprehension"] != preset.get("comprehension", []):
        own["comprehension"] = described["comprehension"]
    return offer_translation(own, preset=design.study.preset, language=language)


def describe_languages(study: Study, *, here: str) -> dict[str, Any]:
    """For the line above these pages: every language of the study, and those that its preset can be had in."""
    tags = study.languages
    offered = [tag for tag in list_text_languages(study.preset) if not any(is_same(tag, there) for there in tags)]
    return {
        "languages": [
            {"tag": tag, "name": name_language(tag, in_english=True), "is_own": number == 0, "is_here": tag == here}
            for number, tag in enumerate(tags)
        ],
        "offered": [(tag, name_language(tag, in_english=True)) for tag in offered],
    }


def _back(study: Study) -> HttpResponse:
    return redirect("staff:study_texts", study.slug)


def _label(key: str) -> str:
    return find_words(SECTIONS.get(key, "texts"), key).label
