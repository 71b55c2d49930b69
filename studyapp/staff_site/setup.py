"""A new study: from a preset, or from a study file. All else is said on the pages of its steps."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from studyapp.actions.study import StudyExistsError, load_study
from studyapp.domain.study_design import DesignError, StudyDesign
from studyapp.models import Article, Study
from studyapp.staff_site.pages import needs, show, staff_page
from studyapp.study_file import (
    DEFAULT_PRESET,
    StudyFile,
    StudyFileError,
    describe_preset,
    list_presets,
    merge_over_preset,
    parse_study_file,
)

MAX_STUDY_FILE_BYTES = 2**20


class StudyFileForm(forms.Form):
    """A study as code. Its articles must have been imported before."""

    file = forms.FileField(
        label="Study file", help_text="TOML, as dump_study writes it; its articles must be imported."
    )

    def clean_file(self) -> StudyDesign:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_STUDY_FILE_BYTES:
            raise forms.ValidationError("A study file is never this large; is it the article file?")
        try:
            text = upload.read().decode("utf-8")
            refs = list(Article.objects.values_list("ref", flat=True))
            self.study_file = parse_study_file(text, name=upload.name, folder=None)
            return self.study_file.resolve(refs)
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is not UTF-8; save it as UTF-8 and try again.") from None
        except StudyFileError as error:
            raise forms.ValidationError(error.faults) from None


class PresetForm(forms.Form):
    """A preset's protocol under a name of its own."""

    preset = forms.ChoiceField(
        choices=[(name, f"{name}: {describe_preset(name)}") for name in list_presets()],
        initial=DEFAULT_PRESET,
        widget=forms.RadioSelect,
    )
    title = forms.CharField(max_length=200, help_text="Participants see it; it must not tell which texts are whose.")
    slug = forms.SlugField(max_length=60, help_text="Names the study in its address, as my-pilot; it stays so.")
    language = forms.CharField(max_length=20, initial="en", help_text="Of the articles, as en or de.")


@staff_page
@needs("studyapp.add_study")
def make_new(request: HttpRequest) -> HttpResponse:
    is_file = request.POST.get("from") == "file"
    file_form = StudyFileForm(*((request.POST, request.FILES) if is_file else ()))
    preset_form = PresetForm(*((request.POST,) if request.method == "POST" and not is_file else ()))
    if request.method == "POST":
        form = file_form if is_file else preset_form
        study = _make_study(form) if form.is_valid() else None
        if study is not None:
            messages.success(request, f"The study {study.slug!r} is made, as a draft. It can be left at any step.")
            return redirect(_find_first_page(study, held_file=request.GET.get("file", "")))
    return show(request, "study_new.html", title="New study", file_form=file_form, preset_form=preset_form)


def _find_first_page(study: Study, *, held_file: str) -> str:
    """The first step that is open; its articles, with the file that was imported just before, where it has none."""
    if study.items.exists():
        return reverse("staff:study_setup", args=[study.slug])
    query = f"?{urlencode({'file': held_file})}" if held_file else ""
    return reverse("staff:study_articles", args=[study.slug]) + query


def _make_study(form: forms.Form) -> Study | None:
    """The study that the form says, or None with what is wrong written on the form. All of it or nothing."""
    try:
        with transaction.atomic():
            design = form.cleaned_data["file"] if isinstance(form, StudyFileForm) else _design_from(form.cleaned_data)
            if Study.objects.filter(slug=design.study.slug).exists():
                raise StudyExistsError(f"There is a study {design.study.slug!r} already; choose another slug.")
            return load_study(design)[0]
    except (DesignError, StudyFileError) as error:
        faults = form.study_file.refuse(error.faults).faults if isinstance(form, StudyFileForm) else error.faults
        for fault in faults:
            form.add_error(None, fault)
    except StudyExistsError as error:
        form.add_error(None if isinstance(form, StudyFileForm) else "slug", str(error))
    return None


def _design_from(said: dict[str, Any]) -> StudyDesign:
    """The preset's design under its own name, with no article and no arm yet: these are chosen on their pages.

    Raises:
        StudyFileError: what the page says cannot be.
    """
    mapping = merge_over_preset(
        {
            "study": {"slug": said["slug"], "title": said["title"], "language": said["language"]},
            "articles": {"context": [], "items": []},
            "arms": [],
        },
        preset=said["preset"],
    )
    return StudyFile(name="This page", mapping=mapping, article_file=None).resolve([])
