"""Models to fine-tune: which, on what, all weights or an adapter, and for how long. Then they are a training as any."""

from dataclasses import fields
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from studyapp.actions.training_ladders import EVERY_IMPORTED, list_corpora
from studyapp.domain.fine_tuning import (
    BATCH_TOKENS,
    EPOCHS,
    LONGEST,
    MAX_MODELS,
    METHODS,
    PROBES,
    RANK,
    RATES,
    FineTuning,
    TunableModel,
)
from studyapp.domain.loss_picture import format_tokens
from studyapp.model_files.offered_models import list_tunable_models
from studyapp.models import Study, TrainingLadder
from studyapp.staff_site.pages import needs, show, staff_page
from studyapp.staff_site.training_material import IMPORTED, MaterialForm, make_and_send


class FineTuningForm(MaterialForm):
    """As `python -m generator.finetune` takes it: what is left empty is the command's own."""

    field_order = ["slug", "bases", "corpus_files", "corpus_upload", "takes_imported", "sections", "keep_out"]

    bases = forms.MultipleChoiceField(
        label="Models to fine-tune",
        widget=forms.CheckboxSelectMultiple,
        help_text="Each is left as it is, and becomes a model of its own under the name above. Several sizes tuned "
        "alike can be the arms of one study.",
        error_messages={"required": "Choose at least one model to fine-tune."},
    )
    sections = forms.CharField(
        label="Sections to tune on",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One on a line, as the corpus names them; empty takes all. What the others lose is measured.",
    )
    method = forms.ChoiceField(
        label="What is trained",
        choices=list(METHODS.items()),
        help_text="An adapter is a small file beside its model, which it needs to be there; all weights take the "
        "memory of a training.",
    )
    rank = forms.IntegerField(label="Rank of the adapter", min_value=1, max_value=4096)
    alpha = forms.FloatField(
        label="Scale of the adapter", required=False, min_value=0, help_text="Alpha; empty takes twice the rank."
    )
    epochs = forms.FloatField(
        label="Epochs", min_value=0, max_value=1000, help_text="Times over the training articles."
    )
    tokens = forms.IntegerField(
        label="Tokens", required=False, min_value=1, max_value=10**15, help_text="In place of the epochs, where given."
    )
    rate = forms.FloatField(
        label="Learning rate",
        required=False,
        min_value=0,
        help_text=f"The highest; empty takes {RATES['lora']:g} for an adapter, {RATES['full']:g} for all weights. A "
        "loss that is no number wants a lower one.",
    )
    batch_tokens = forms.IntegerField(label="Tokens a step", min_value=1, max_value=10**9)
    context = forms.IntegerField(
        label="Tokens of a sequence",
        required=False,
        min_value=2,
        max_value=10**6,
        help_text=f"Empty takes {LONGEST}, or as many as the model or the corpus holds.",
    )
    others = forms.MultipleChoiceField(
        label="Other text whose loss is measured",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="As another newspaper’s: is what the model knew forgotten? Files of corpora that are there already.",
    )
    probes = forms.IntegerField(
        label="Articles that memorisation is tried on", min_value=1, max_value=10_000, help_text="Of each kind."
    )
    seed = forms.IntegerField(label="Seed", min_value=0, max_value=2**31 - 1)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._models = {model.generator: model for model in list_tunable_models()}
        self.fields["slug"].help_text = "The folder on the shelf that its models come to lie in, as town-news."
        self.fields["bases"].choices = [(key, _describe(model)) for key, model in self._models.items()]
        self.fields["others"].choices = [(name, name) for name in list_corpora(settings.CORPORA_DIR)]
        if not self.fields["others"].choices:
            del self.fields["others"]

    def clean_bases(self) -> tuple[TunableModel, ...]:
        if len(self.cleaned_data["bases"]) > MAX_MODELS:
            raise forms.ValidationError(f"At most {MAX_MODELS} models are tuned at once; choose fewer.")
        return tuple(self._models[key] for key in self.cleaned_data["bases"])

    def clean_sections(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.strip() for line in self.cleaned_data["sections"].splitlines() if line.strip()))

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if not self.errors:
            known = {field.name for field in fields(FineTuning)}
            values = {key: tuple(value) if key == "others" else value for key, value in said.items() if key in known}
            try:
                said["tuning"] = FineTuning(**values)
            except ValueError as error:
                key, _, reason = str(error).partition(": ")
                self.add_error(key, f"{reason[:1].upper()}{reason[1:]}.")
        return said


def _describe(model: TunableModel) -> str:
    size = f" ({format_tokens(model.n_params)} parameters)" if model.n_params else ""
    return f"{model.place}{size}"


@staff_page
@needs("studyapp.add_trainingladder")
def make_new(request: HttpRequest) -> HttpResponse:
    """A new fine-tuning; `?like=NAME` begins with what another one says, `?model=` with a model."""
    if request.method == "POST":
        form = FineTuningForm(request.POST, request.FILES)
        if form.is_valid():
            said = form.cleaned_data
            ladder = make_and_send(request, form, tuning=said["tuning"], bases=said["bases"])
            if ladder is not None:
                return redirect(ladder)
    else:
        form = FineTuningForm(initial=_begin(request))
    return show(request, "fine_tuning_new.html", title="Fine-tune models", form=form, shelf=settings.MODELS_DIR)


def _begin(request: HttpRequest) -> dict[str, Any]:
    first = {
        "keep_out": [IMPORTED], "bases": request.GET.getlist("model"), "method": "lora", "rank": RANK,
        "epochs": f"{EPOCHS:g}", "batch_tokens": BATCH_TOKENS, "probes": PROBES, "seed": 0,
    }  # fmt: skip
    if like := request.GET.get("like"):
        first |= _repeat(get_object_or_404(TrainingLadder.objects.exclude(tuning={}), slug=like))
    return first


def _repeat(ladder: TrainingLadder) -> dict[str, Any]:
    """All that a fine-tuning says but its name."""
    kept_out = [str(study.pk) for study in Study.objects.filter(slug__in=ladder.kept_out)]
    return {
        **ladder.tuning,
        "epochs": f"{ladder.tuning['epochs']:g}",
        "sections": "\n".join(ladder.tuning["sections"]),
        "bases": list(ladder.jobs.order_by("position").values_list("base", flat=True)),
        "corpus_files": ladder.corpus_files,
        "takes_imported": ladder.takes_imported,
        "keep_out": [IMPORTED] if EVERY_IMPORTED in ladder.kept_out else kept_out,
    }
