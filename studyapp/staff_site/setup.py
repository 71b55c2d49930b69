"""A new study: from a study file, or from a preset with articles and models chosen on the page."""

from typing import Any

import tomlkit
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from tomlkit.exceptions import ParseError

from studyapp.actions.articles import import_articles
from studyapp.actions.study import StudyExistsError, load_study
from studyapp.domain.study_design import PLATFORM_KEYS, PLATFORMS, DesignError, StudyDesign
from studyapp.models import Article, Study
from studyapp.offered_models import ask_server
from studyapp.staff_site.arm_rows import ArmRow, describe_arms, group_rows, read_arm_rows
from studyapp.staff_site.articles import read_upload
from studyapp.staff_site.pages import needs, show, staff_page
from studyapp.study_file import (
    DEFAULT_PRESET,
    StudyFile,
    StudyFileError,
    list_presets,
    merge_over_preset,
    parse_study_file,
    read_preset,
)

MAX_STUDY_FILE_BYTES = 2**20
RECRUITMENT_KEYS = ("platform", "completion_code", "estimated_minutes", "reward", "contact")


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
    """A preset's protocol on one's own articles and models."""

    preset = forms.ChoiceField(choices=[(name, name) for name in list_presets()], initial=DEFAULT_PRESET)
    title = forms.CharField(max_length=200, help_text="Participants see it; it must not tell which texts are whose.")
    slug = forms.SlugField(max_length=60, help_text="Names the study in its address, as my-pilot.")
    file = forms.FileField(
        label="Article file",
        required=False,
        help_text="JSON Lines or CSV. Without one, the articles imported last are taken.",
    )
    context = forms.IntegerField(
        label="Context articles", min_value=0, max_value=20, help_text="The first of the file."
    )
    items = forms.IntegerField(label="Items", min_value=2, max_value=1000, help_text="The next ones.")
    participants_per_cell = forms.IntegerField(
        label="Participants in each arm and form", min_value=1, max_value=100_000
    )
    platform = forms.ChoiceField(choices=[(name, name) for name in PLATFORMS])
    estimated_minutes = forms.IntegerField(
        label="Minutes", min_value=1, max_value=1000, help_text="Participants are told how long it takes."
    )
    reward = forms.CharField(required=False, max_length=60, help_text="As participants are told it; empty for none.")
    completion_code = forms.CharField(required=False, max_length=40, help_text="Of the platform; Prolific needs one.")
    contact = forms.CharField(
        required=False, max_length=200, help_text="Shown under every page: a name and an address."
    )
    platform_settings = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text='Further lines of [recruitment], as in a study file: outcomes = { no_consent = "C2…" }',
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        return read_upload(upload) if upload else None

    def clean_platform_settings(self) -> dict[str, Any]:
        try:
            said = tomlkit.parse(self.cleaned_data["platform_settings"]).unwrap()
        except ParseError as error:
            raise forms.ValidationError(f"No TOML: {error}") from None
        if unknown := sorted(set(said) - set(PLATFORM_KEYS)):
            raise forms.ValidationError(f"There is no {unknown[0]!r} here; its keys are {', '.join(PLATFORM_KEYS)}.")
        return said


@staff_page
@needs("studyapp.add_study")
def make_new(request: HttpRequest) -> HttpResponse:
    is_file = request.POST.get("from") == "file"
    file_form = StudyFileForm(*(_posted(request) if is_file else ()))
    preset_form = PresetForm(
        *(_posted(request) if request.method == "POST" and not is_file else ()), initial=_read_defaults()
    )
    listing = ask_server()
    rows = read_arm_rows(request, listing)
    if request.method == "POST":
        form = file_form if is_file else preset_form
        study = _make_study(request, form, rows) if form.is_valid() else None
        if study is not None:
            messages.success(request, f"The study {study.slug!r} is made, as a draft.")
            return redirect(study)
    return show(
        request, "study_new.html", title="New study", file_form=file_form, preset_form=preset_form,
        groups=group_rows(rows), server_fault=listing.fault, shelf=settings.MODELS_DIR,
        n_articles=Article.objects.count(),
    )  # fmt: skip


def _posted(request: HttpRequest) -> tuple[Any, Any]:
    return request.POST, request.FILES


def _read_defaults() -> dict[str, Any]:
    """What the default preset says where the page asks."""
    preset = read_preset(DEFAULT_PRESET)
    return {
        "context": preset["articles"]["context"],
        "items": preset["articles"]["items"],
        "participants_per_cell": preset["targets"]["participants_per_cell"],
        "estimated_minutes": preset["recruitment"]["estimated_minutes"],
        "reward": preset["recruitment"]["reward"],
    }


def _make_study(request: HttpRequest, form: forms.Form, rows: list[ArmRow]) -> Study | None:
    """The study that the form says, or None with what is wrong written on the form. All of it or nothing."""
    try:
        with transaction.atomic():
            if isinstance(form, StudyFileForm):
                design = form.cleaned_data["file"]
            else:
                design = _design_from(form, describe_arms(rows, ticked=request.POST.getlist("arm")))
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


def _design_from(form: forms.Form, arms: list[dict[str, Any]]) -> StudyDesign:
    """The preset's design with what the page says put in its place.

    Raises:
        DesignError, StudyFileError: what the page says cannot be.
    """
    said = form.cleaned_data
    refs = _import(said["file"]) if said["file"] else _find_last_import()
    mapping = merge_over_preset(
        {
            "study": {"slug": said["slug"], "title": said["title"]},
            "targets": {"participants_per_cell": said["participants_per_cell"]},
            "recruitment": {key: said[key] for key in RECRUITMENT_KEYS} | said["platform_settings"],
            "articles": {"context": said["context"], "items": said["items"]},
            "arms": arms,
        },
        preset=said["preset"],
    )
    return StudyFile(name="This page", mapping=mapping, article_file=None).resolve(refs)


def _import(file: Any) -> list[str]:
    outcome = import_articles(file)
    if outcome.is_refused:
        raise DesignError([f"Article file, {fault}" for fault in outcome.bad])
    return list(outcome.refs)


def _find_last_import() -> list[str]:
    """The articles of the newest import, in their order; those of one import share their moment to the second."""
    newest = Article.objects.order_by("-imported_at").values_list("imported_at", flat=True).first()
    if newest is None:
        raise DesignError(["There are no articles yet: choose an article file."])
    moment = newest.replace(microsecond=0)
    return list(Article.objects.filter(imported_at__gte=moment).order_by("id").values_list("ref", flat=True))
