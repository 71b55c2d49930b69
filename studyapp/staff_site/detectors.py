"""Machine detectors for staff: choose models, start them at the study's texts, follow them, see how well they tell."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from studyapp.actions.detection import (
    DetectionRefusedError,
    delete_run,
    find_exported_run,
    request_detection,
    resume_run,
)
from studyapp.domain.detection import DetectorAreas, ScoredText, measure_areas
from studyapp.model_files.checkpoints import list_shelf
from studyapp.model_files.offered_models import list_cached_models
from studyapp.models import DetectorRun, Study
from studyapp.staff_site.pages import show, study_page
from studyapp.tasks.detection import send_detection
from studyapp.tasks.sending import QueueUnreachableError

GIVEN = {"nothing": "Nothing: the text alone, as somebody would who found it", "title": "The title, as the writer had"}
SCHEMES = ("checkpoint", "huggingface")


class DetectorForm(forms.Form):
    """Which models read the texts, and how. `models` come in the order of their size, the smallest first."""

    models = forms.MultipleChoiceField(
        label="Models that read",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Small ones are often the better judges of others’ texts. An arm’s own model is a judge from inside.",
    )
    observer = forms.ChoiceField(
        label="Observer",
        required=False,
        help_text="For Binoculars: a further model beside the first other one ticked above, with the same tokenizer, "
        "as another size of its ladder.",
    )
    given = forms.MultipleChoiceField(
        label="What a model is shown before a text",
        choices=list(GIVEN.items()),
        initial=list(GIVEN),
        widget=forms.CheckboxSelectMultiple,
    )
    equal_length = forms.BooleanField(
        label="Equal lengths",
        required=False,
        initial=True,
        help_text="Of the versions of a title only as many words are read as its shortest one has.",
    )
    style = forms.BooleanField(
        label="Classifier of style",
        required=False,
        initial=True,
        help_text="Trained on the texts of other titles, without a language model.",
    )

    def __init__(self, *arguments: Any, study: Study, offered: dict[str, str]) -> None:
        super().__init__(*arguments)
        self.fields["models"].choices = list(offered.items())
        self.fields["observer"].choices = [("", "none: without Binoculars"), *offered.items()]
        own = [arm.generator for arm in study.arms.all() if not arm.is_control and arm.generator in offered]
        self.fields["models"].initial = own[:1]
        self.fields["observer"].initial = own[1] if len(own) > 1 else ""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        models, observer = given["models"], given["observer"]
        if not models and not given["style"]:
            raise forms.ValidationError("Tick a model, or the classifier of style.")
        if observer and not set(models) - {observer}:
            self.add_error("observer", "Binoculars needs two models: tick another one above.")
        return given

    def read_parameters(self) -> dict[str, Any]:
        """The plan as the generator reads it."""
        return {name: self.cleaned_data[name] for name in ("models", "observer", "given", "equal_length", "style")}


@study_page
def show_detectors(request: HttpRequest, study: Study) -> HttpResponse:
    """What the newest run has found, how far one is, the form, and the runs before."""
    offered = _list_offered()
    form = DetectorForm(*([request.POST] if request.POST.get("do") == "detect" else []), study=study, offered=offered)
    if request.method == "POST" and (answer := _carry_out(request, study, form)):
        return answer
    runs = list(study.detector_runs.select_related("requested_by"))
    exported = find_exported_run(study)
    arms = list(study.arms.all())
    return show(
        request, "study_detectors.html", title=study.title, study=study, form=form, runs=runs, exported=exported,
        arms=arms, rows=_list_areas(exported, [arm.name for arm in arms]) if exported else [], offered=offered,
        is_busy=request.method == "GET" and any(run.is_busy for run in runs), newest=runs[0] if runs else None,
    )  # fmt: skip


def _list_offered() -> dict[str, str]:
    """The models on this machine by their generator, each with its name and size, the smallest first."""
    shelf = [(c.generator, c.folder, c.n_params) for c in list_shelf()]
    cached = [(m.generator, m.name, m.n_params) for m in list_cached_models(settings.HUGGING_FACE_CACHE)]
    found = sorted([*shelf, *cached], key=lambda model: (model[2] or 0, model[1]))
    return {name: f"{label} ({size:,} parameters)" if size else label for name, label, size in found}


def _list_areas(run: DetectorRun, arms: list[str]) -> list[DetectorAreas]:
    fields = ("stimulus__arm__name", "detector", "scorer", "given", "machine_when", "score")
    scores = run.scores.exclude(score=None).values_list(*fields)
    return measure_areas((ScoredText(*values) for values in scores), arms=arms)


def _carry_out(request: HttpRequest, study: Study, form: DetectorForm) -> HttpResponse | None:
    asked, run_id = request.POST.get("do"), request.POST.get("run", "")
    try:
        if asked == "detect":
            if not form.is_valid():
                return None
            run = request_detection(study, parameters=form.read_parameters(), by=request.user, now=timezone.now())
            send_detection(run.pk)
        elif asked == "resume":
            resumed = resume_run(study, run_id=int(run_id) if run_id.isdigit() else 0, now=timezone.now())
            if resumed:
                send_detection(resumed.pk)
        elif asked == "delete":
            delete_run(get_object_or_404(DetectorRun, pk=run_id if run_id.isdigit() else 0, study=study))
            messages.success(request, "The run is deleted, with its scores.")
        else:
            messages.error(request, "Nothing was done: the page asked for something that does not exist.")
    except (DetectionRefusedError, QueueUnreachableError) as error:
        messages.error(request, str(error))
    return redirect("staff:study_detectors", study.slug)
