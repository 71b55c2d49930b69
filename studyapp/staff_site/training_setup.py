"""A new ladder to train: which models, on what, for how long, and whose articles are kept out."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.training import list_next_jobs
from studyapp.actions.training_ladders import (
    LadderRefusedError,
    LadderRequest,
    list_corpora,
    make_ladder,
    store_corpus,
)
from studyapp.domain.corpus_file import CorpusFileError, check_corpus
from studyapp.domain.ladder_file import Budget, BudgetKind, LadderFileError, read_rungs, set_budget
from studyapp.domain.loss_picture import format_tokens
from studyapp.models import Article, Study, TrainingLadder
from studyapp.staff_site.pages import needs, show, staff_page
from studyapp.tasks.sending import QueueUnreachableError
from studyapp.tasks.training import send_training

LADDERS_DIR = Path(__file__).parent.parent / "presets" / "ladders"
MAX_LADDER_FILE_BYTES = 2**18
UPLOADED = "uploaded"
IMPORTED = "imported"
BUDGETS = {
    BudgetKind.FILE: "as the ladder says",
    BudgetKind.PER_PARAMETER: "tokens a parameter",
    BudgetKind.TIMES: "times what the ladder says",
    BudgetKind.TOKENS: "tokens for every model",
}


class LadderForm(forms.Form):
    """A ladder, a corpus and a budget."""

    slug = forms.SlugField(
        label="Name", max_length=60, help_text="The folder on the shelf that its models come to lie in, as my-ladder."
    )
    ladder = forms.ChoiceField(label="Ladder")
    ladder_file = forms.FileField(
        label="Ladder file",
        required=False,
        help_text="TOML, as examples/ladder.toml; for “the file uploaded below”. Its own corpus is not looked at.",
        widget=forms.FileInput(attrs={"accept": ".toml"}),
    )
    budget = forms.ChoiceField(label="Budget of each model", choices=[(k.value, label) for k, label in BUDGETS.items()])
    amount = forms.FloatField(
        label="Amount",
        required=False,
        min_value=0,
        help_text="For every budget but the ladder's own. 20 tokens a parameter make the best model of its compute.",
    )
    corpus_files = forms.MultipleChoiceField(
        label="Corpus: files that are there already", required=False, widget=forms.CheckboxSelectMultiple
    )
    corpus_upload = forms.FileField(
        label="Corpus: a file to upload",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".jsonl,.gz,.csv,.txt"}),
    )
    takes_imported = forms.BooleanField(label="Corpus: the imported articles that are in no study", required=False)
    keep_out = forms.MultipleChoiceField(
        label="Kept out of the training",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="An article of the corpus that shares 13 words in a row with one of these is left out: a model must "
        "not have read what it is to write. Import the articles of a coming study first.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        uploaded = (UPLOADED, "the file uploaded below")
        self.fields["ladder"].choices = [*((name, describe_preset(name)) for name in list_ladders()), uploaded]
        self.fields["corpus_files"].choices = [(name, name) for name in list_corpora(settings.CORPORA_DIR)]
        self.fields["corpus_upload"].help_text = (
            "JSON Lines or CSV with title and body, or text with a line <|endoftext|> between documents; UTF-8, .jsonl "
            "and .txt also packed as .gz. It is kept for other ladders. A file of "
            f"more than {settings.MAX_CORPUS_FILE_BYTES // 2**20} MiB can be copied into {settings.CORPORA_DIR}."
        )
        free = Article.objects.filter(items=None, contexts=None).count()
        self.fields["takes_imported"].help_text = f"{free} articles."
        for name, is_offered in (("corpus_files", self.fields["corpus_files"].choices), ("takes_imported", free)):
            if not is_offered:
                del self.fields[name]
        every = (IMPORTED, f"Every imported article ({Article.objects.count()})")
        self.fields["keep_out"].choices = [every, *((str(s.pk), f"Those of {s.slug}") for s in Study.objects.real())]

    def clean_corpus_upload(self) -> UploadedFile | None:
        upload = self.cleaned_data["corpus_upload"]
        if upload is None:
            return None
        if upload.size > settings.MAX_CORPUS_FILE_BYTES:
            raise forms.ValidationError(f"The file is too large; copy it into {settings.CORPORA_DIR} instead.")
        try:
            check_corpus(upload.file, name=upload.name)
        except CorpusFileError as error:
            raise forms.ValidationError(str(error)) from None
        return upload

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        text = self._read_ladder(said)
        if text is not None:
            self._set_budget(text, said)
        if not (said.get("corpus_files") or said.get("corpus_upload") or said.get("takes_imported")):
            if "corpus_upload" not in self.errors:
                self.add_error("corpus_upload", "Choose a corpus: a file to upload, or what is ticked here.")
        elif said.get("takes_imported") and IMPORTED in said.get("keep_out", ()):
            self.add_error("keep_out", "Imported articles cannot both be trained on and be kept out.")
        return said

    def _read_ladder(self, said: dict[str, Any]) -> str | None:
        """The ladder's text, or None with the fault written beside its field."""
        if "ladder" not in said:
            return None
        if said["ladder"] != UPLOADED:
            return (LADDERS_DIR / f"{said['ladder']}.toml").read_text(encoding="utf-8")
        upload = said.get("ladder_file")
        if upload is None:
            self.add_error("ladder_file", "Choose the ladder file, or one of the ladders of the list.")
        elif upload.size > MAX_LADDER_FILE_BYTES:
            self.add_error("ladder_file", "A ladder file is never this large; is it the corpus?")
        else:
            try:
                return upload.read().decode("utf-8")
            except UnicodeDecodeError:
                self.add_error("ladder_file", "The file is not UTF-8; save it as UTF-8 and try again.")
        return None

    def _set_budget(self, text: str, said: dict[str, Any]) -> None:
        kind, amount = said.get("budget"), said.get("amount")
        try:
            read_rungs(text)
        except LadderFileError as error:
            for fault in error.faults:
                self.add_error("ladder_file", fault)
            return
        if kind is None or "amount" in self.errors:
            return
        if kind != BudgetKind.FILE and amount is None:
            self.add_error("amount", f"Say how many {BUDGETS[BudgetKind(kind)]}.")
            return
        try:
            said["text"] = set_budget(text, Budget(BudgetKind(kind), amount if amount is not None else 1.0))
        except ValueError as error:
            self.add_error("amount", str(error))


def list_ladders() -> list[str]:
    """The ladders that come with Byline, smallest first."""
    return sorted((path.stem for path in LADDERS_DIR.glob("*.toml")), key=lambda name: _measure_preset(name)[-1])


def describe_preset(name: str) -> str:
    """`pilot: 4 models, 124k to 2.81M parameters`"""
    sizes = _measure_preset(name)
    return f"{name}: {len(sizes)} models, {format_tokens(sizes[0])} to {format_tokens(sizes[-1])} parameters"


def _measure_preset(name: str) -> list[int]:
    return sorted(rung.n_params for rung in read_rungs((LADDERS_DIR / f"{name}.toml").read_text(encoding="utf-8")))


@staff_page
@needs("studyapp.add_trainingladder")
def make_new(request: HttpRequest) -> HttpResponse:
    first = {"keep_out": [IMPORTED]}
    form = LadderForm(request.POST, request.FILES) if request.method == "POST" else LadderForm(initial=first)
    if request.method == "POST" and form.is_valid():
        ladder = _make(request, form)
        if ladder is not None:
            try:
                send_training(list_next_jobs([ladder.pk]))
                messages.success(request, f"{ladder.jobs.count()} models are queued.")
            except QueueUnreachableError as error:
                messages.warning(request, str(error))
            return redirect(ladder)
    return show(request, "training_new.html", title="Train a ladder", form=form)


def _make(request: HttpRequest, form: LadderForm) -> TrainingLadder | None:
    """The ladder that the form says, or None with what is wrong written on the form. All of it or nothing."""
    said = form.cleaned_data
    upload = said["corpus_upload"]
    names = dict.fromkeys([*said.get("corpus_files", ()), *([upload.name] if upload else [])])
    wanted = LadderRequest(
        slug=said["slug"],
        text=said["text"],
        corpus_files=tuple(names),
        takes_imported=said.get("takes_imported", False),
        keeps_out_imported=IMPORTED in said["keep_out"],
        studies=tuple(int(key) for key in said["keep_out"] if key != IMPORTED),
    )
    try:
        with transaction.atomic():
            ladder = make_ladder(wanted, made_by=request.user)
            if upload:
                store_corpus(upload.chunks(), name=upload.name, folder=settings.CORPORA_DIR)
            return ladder
    except LadderRefusedError as error:
        form.add_error(None, str(error))
    return None
